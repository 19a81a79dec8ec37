import { isHfError, UsageError } from "../../core/errors.ts";
import type { HfError } from "../../core/errors.ts";
import { parseEndpoint, readSettings } from "../../core/settings.ts";
import type { Settings } from "../../core/settings.ts";
import { command, switchFlag, valueFlag } from "../command.ts";
import type { CliContext } from "../context.ts";
import { paintFor } from "../output.ts";

interface Flags {
  readonly offline?: boolean;
  readonly timeout?: string;
}

export const doctor = command<Flags>({
  brief: "Look for what keeps sign-in and downloads from working, and say what mends it",
  description: "It changes nothing. The exit code is 20 when there is an error among the findings, else 0.",
  flags: {
    offline: switchFlag("Look at this machine alone, and ask nothing of the network"),
    timeout: valueFlag("Seconds that the network has (default: 2)", "SECONDS"),
  },
  run: async (flags, context) => {
    const { openSession } = await import("../../api/index.ts");
    const { collect, collectNetwork, examine } = await import("../../doctor/index.ts");
    const { doctorReport } = await import("../doctor-report.ts");
    const { systemClock } = await import("../../core/clock.ts");
    const { env, machine, program } = context;
    const limitMs = readSeconds(flags.timeout);
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
      askNetwork: async (resolution) =>
        flags.offline === true
          ? { kind: "off", why: "offline" }
          : collectNetwork({ session, env, clock: systemClock, resolution, limitMs, signal: context.signal }),
      signal: context.signal,
    });
    return doctorReport({ evidence, findings: examine(evidence), paint: paintFor(context.printer) });
  },
});

/** @throws UsageError */
function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && seconds > 0 && seconds <= 600) return seconds * 1000;
  throw new UsageError("ERR_HF_USAGE", "--timeout takes seconds, from more than 0 to 600.", {
    hint: "As in: hf doctor --timeout 10",
  });
}

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
