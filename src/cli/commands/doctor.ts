import { isHfError } from "../../core/errors.ts";
import type { HfError } from "../../core/errors.ts";
import { parseEndpoint, readSettings } from "../../core/settings.ts";
import type { Settings } from "../../core/settings.ts";
import { command } from "../command.ts";
import type { CliContext } from "../context.ts";
import { paintFor } from "../output.ts";

export const doctor = command({
  brief: "Look for what keeps sign-in and downloads from working, and say what mends it",
  description: "It changes nothing. The exit code is 20 when there is an error among the findings, else 0.",
  flags: {},
  run: async (flags, context) => {
    const { openSession } = await import("../../api/index.ts");
    const { collect, examine } = await import("../../doctor/index.ts");
    const { doctorReport } = await import("../doctor-report.ts");
    const { systemClock } = await import("../../core/clock.ts");
    const { env, machine, program } = context;
    const { settings, endpointError } = readLeniently(context, flags.endpoint);
    const session = openSession({
      settings,
      env,
      platform: machine.platform,
      uid: context.user.uid,
      cwd: machine.cwd,
      explicit: await context.namedToken(),
    });
    const evidence = await collect({
      session,
      env,
      machine,
      clock: systemClock,
      uid: context.user.uid,
      userName: context.user.name(),
      nodeVersion: program.nodeVersion,
      script: program.script,
      endpointError,
      askNetwork: async () => ({ kind: "off" }),
      signal: context.signal,
    });
    return doctorReport({ evidence, findings: examine(evidence), paint: paintFor(context.printer) });
  },
});

/**
 * The settings, also where `HF_ENDPOINT` is nonsense: then everything else can still be looked at. Their warnings are
 * findings here, so nobody is warned.
 * @throws UsageError for a flag that is nonsense
 */
function readLeniently(
  { env, machine }: CliContext,
  endpoint: string | undefined,
): { readonly settings: Settings; readonly endpointError: HfError | undefined } {
  const named = endpoint === undefined ? {} : { endpoint: parseEndpoint(endpoint), endpointSet: true };
  try {
    return { settings: { ...readSettings(env, machine), ...named }, endpointError: undefined };
  } catch (error) {
    if (!isHfError(error)) throw error;
    const { HF_ENDPOINT: _, ...rest } = env;
    return { settings: { ...readSettings(rest, machine), ...named }, endpointError: error };
  }
}
