import { UsageError } from "../../core/errors.ts";
import { command } from "../command.ts";
import { tick } from "../output.ts";

export const authTrust = command({
  brief: "Let the saved logins be used with another https endpoint, such as a mirror",
  flags: {},
  args: [{ brief: "Address of the endpoint", placeholder: "url" }],
  run: async (_flags, context, args) => {
    const [endpoint] = args;
    if (endpoint === undefined)
      throw new UsageError("ERR_HF_USAGE", "Say which endpoint.", { hint: "hf auth trust URL" });
    const { store } = await context.session();
    const { trustEndpoint } = await import("../../auth/index.ts");
    const { origin, changed } = await trustEndpoint(store, endpoint, { signal: context.signal });
    const words = changed ? "From now on, saved logins may be used with" : "Saved logins may be used already with";
    return { data: { origin, changed }, human: [`${tick(context.printer)} ${words} ${origin}`], quiet: [origin] };
  },
});
