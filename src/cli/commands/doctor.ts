import type { Session } from "../../api/index.ts";
import { isHfError, UsageError } from "../../core/errors.ts";
import type { HfError } from "../../core/errors.ts";
import { parseEndpoint, readSettings } from "../../core/settings.ts";
import type { Settings } from "../../core/settings.ts";
import type { Evidence, NetworkEvidence } from "../../doctor/index.ts";
import { command, switchFlag, valueFlag } from "../command.ts";
import type { CommonFlags } from "../command.ts";
import type { CliContext } from "../context.ts";
import type { DoctorFixes } from "../doctor-report.ts";
import { paintFor } from "../output.ts";
import type { Report } from "../output.ts";

interface Flags {
  readonly fix?: boolean;
  readonly yes?: boolean;
  readonly bundle?: string;
  readonly advise?: boolean;
  readonly offline?: boolean;
  readonly timeout?: string;
}

export const doctor = command<Flags>({
  brief: "Look for what keeps sign-in and downloads from working, and say what mends it",
  description:
    "Without --fix it changes nothing. The exit code is 20 when there is an error among the findings, else 0.",
  flags: {
    fix: switchFlag("Mend what can be mended without a risk, after showing what will be done"),
    yes: switchFlag("With --fix: do not ask first"),
    bundle: valueFlag(
      "Also write what was seen into a new file (- for the output alone), without tokens, to attach to a question",
      "FILE",
    ),
    advise: switchFlag("Say which way to sign in suits this machine, instead of looking for faults"),
    offline: switchFlag("Look at this machine alone, and ask nothing of the network"),
    timeout: valueFlag("Seconds that the network has (default: 2)", "SECONDS"),
  },
  run: async (flags, context) => {
    checkFlags(flags);
    const { settings, endpointError } = readLeniently(context, flags.endpoint);
    const { openSession } = await import("../../api/index.ts");
    const session = openSession({
      settings,
      env: context.env,
      platform: context.machine.platform,
      uid: context.user.uid,
      cwd: context.machine.cwd,
      explicit: await context.namedToken(),
      program: context.program,
      onSecret: context.onSecret,
    });
    if (flags.advise === true) return adviseReport(context, session);
    const look = looker(flags, context, session, endpointError);
    const { examine, makeBundle, refuseExisting, writeBundle } = await import("../../doctor/index.ts");
    const { bundleReport, doctorReport } = await import("../doctor-report.ts");
    const toOutput = flags.bundle === "-";
    const file = toOutput ? undefined : flags.bundle;
    if (file !== undefined) refuseExisting(file);
    let evidence = await look();
    const fixes = flags.fix === true ? await mend(flags, context, session, evidence) : undefined;
    // Looked at once more, so that the report tells what is so now. The network has not changed by it.
    if (fixes?.done === true) evidence = await look(evidence.network);
    const findings = examine(evidence);
    if (toOutput) return bundleReport(makeBundle(evidence, findings), findings);
    if (file !== undefined) writeBundle(file, makeBundle(evidence, findings));
    const { columns } = context.printer;
    return doctorReport({ evidence, findings, fixes, bundle: file, columns, paint: paintFor(context.printer) });
  },
});

/** @throws UsageError */
function checkFlags({ fix, yes, bundle, advise }: Flags): void {
  if (bundle !== undefined && bundle.trim() === "") {
    throw new UsageError("ERR_HF_USAGE", "--bundle is empty.", {
      hint: "Name a new file, or write --bundle - to have it on the output.",
    });
  }
  if (yes === true && fix !== true) {
    throw new UsageError("ERR_HF_USAGE", "--yes answers a question that only --fix asks.", { hint: "Add --fix." });
  }
  if (advise === true && (fix === true || bundle !== undefined)) {
    throw new UsageError("ERR_HF_USAGE", "--advise looks for no faults, so there is nothing for --fix and --bundle.", {
      hint: "Run it once with and once without --advise.",
    });
  }
}

type Look = (network?: NetworkEvidence) => Promise<Evidence>;

function looker(
  flags: Flags & CommonFlags,
  context: CliContext,
  session: Session,
  endpointError: HfError | undefined,
): Look {
  const { env, machine, program, user, signal } = context;
  const limitMs = readSeconds(flags.timeout);
  return async (network) => {
    const { collect, collectNetwork } = await import("../../doctor/index.ts");
    const { systemClock: clock } = await import("../../core/clock.ts");
    return collect({
      session,
      env,
      machine,
      clock,
      uid: user.uid,
      userName: user.name(),
      nodeVersion: program.nodeVersion,
      script: program.script,
      endpointError,
      // Whoever gives more time to a slow network gives it to a slow disk too.
      ...(limitMs === undefined ? {} : { gitMs: Math.max(limitMs, 1500) }),
      askNetwork: async (resolution) => {
        if (network !== undefined) return network;
        if (flags.offline === true) return { kind: "off", why: "offline" };
        return collectNetwork({ session, env, clock, resolution, limitMs, signal });
      },
      signal,
    });
  };
}

async function mend(flags: Flags, context: CliContext, session: Session, evidence: Evidence): Promise<DoctorFixes> {
  const { applyFixes, examine, planFixes, safeEnvironment } = await import("../../doctor/index.ts");
  const plan = planFixes(examine(evidence));
  const idle = { plan, done: false, results: [] };
  if (plan.steps.length === 0) return idle;
  if (flags.yes !== true) {
    if (!context.interactive) return idle;
    context.say("This will be done:");
    const { describePlan } = await import("../doctor-report.ts");
    for (const line of describePlan(plan, context.printer)) context.say(line);
    const prompts = await context.prompts();
    if (!(await prompts.confirm("Do it? (y/N)", false))) return idle;
  }
  const { findProgram } = await import("../find-program.ts");
  const env = safeEnvironment(context.env, context.machine.cwd, context.machine.home);
  const results = await applyFixes(plan, {
    store: session.store,
    uid: context.user.uid,
    program: findProgram(context.program, env, context.machine.platform),
    git: { env, signal: context.signal },
    signal: context.signal,
  });
  return { plan, done: true, results };
}

async function adviseReport(context: CliContext, session: Session): Promise<Report> {
  const { adviseHere } = await import("../../doctor/index.ts");
  const { adviceReport } = await import("../doctor-advice.ts");
  const { env, machine } = context;
  return adviceReport(await adviseHere({ session, env, machine }), paintFor(context.printer), context.printer);
}

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
