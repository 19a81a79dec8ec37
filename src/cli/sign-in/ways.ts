import { oauthClientId } from "../../auth/index.ts";
import type { OauthTokens } from "../../auth/index.ts";
import type { Session } from "../../api/index.ts";
import { systemClock } from "../../core/clock.ts";
import type { CliContext } from "../context.ts";
import { deviceLogin } from "./device-login.ts";
import type { DeviceInvitation } from "./device-login.ts";
import { namedBrowser, openBrowser, whyNoBrowser } from "./local-browser.ts";
import { createOauthServer } from "./oauth-server.ts";
import { qrLines } from "./qr-code.ts";
import { webLogin } from "./web-login.ts";

/** The ways to sign in that send the person to a page of the Hub. */
export type PageWay = "web" | "device";

/** Lines that the words beside a QR code need; and with blank lines among them. */
const TIGHT = 7;
const ROOMY = 14;

/** Lets the person sign in at a page of the Hub, and hands on what comes of it. */
export async function signInByPage<Result>(
  way: PageWay,
  context: CliContext,
  session: Session,
  use: (tokens: OauthTokens) => Promise<Result>,
): Promise<Result> {
  const { signal } = context;
  const { endpoint } = session.settings;
  const hub = session.connect(undefined);
  const clock = systemClock;
  const server = createOauthServer({ hub, clientId: oauthClientId(context.env), now: clock.now, signal });
  if (way === "web") return webLogin({ server, signal, invite: (url) => inviteToBrowser(context, url) }, use);
  const invite = (invitation: DeviceInvitation): void => inviteToDevice(context, invitation, clock.now());
  return use(await deviceLogin({ server, endpoint, clock, signal, invite }));
}

function inviteToBrowser(context: CliContext, url: string): void {
  const surroundings = { env: context.env, platform: context.machine.platform };
  const why = whyNoBrowser(surroundings);
  // Editors that work over SSH or in containers name a program there that opens the browser where the person sits.
  const opens = why === undefined || namedBrowser(context.env) !== undefined;
  if (opens) openBrowser(url, surroundings);
  else context.warn(`The browser has to be on this machine, but ${why}. 'hf auth login --device' takes any browser.`);
  if (context.printer.format === "json") {
    return context.printer.err(`${JSON.stringify({ event: "sign-in", way: "web", url })}\n`);
  }
  const opening = opens ? "Your browser opens this address. If it does not, open it yourself:" : "Open this address:";
  context.printer.err(`${opening}\n\n  ${url}\n\nWaiting for the browser, five minutes at most. Ctrl-C stops.\n`);
}

function inviteToDevice(context: CliContext, invitation: DeviceInvitation, now: number): void {
  const { url, completeUrl, userCode, expiresAt } = invitation;
  const { printer, stderr } = context;
  const seconds = Math.max(1, Math.round((expiresAt - now) / 1000));
  if (printer.format === "json") {
    const event = { event: "sign-in", way: "device", url, completeUrl, userCode, expiresIn: seconds };
    return printer.err(`${JSON.stringify(event)}\n`);
  }
  if (printer.format !== "human") return printer.err(`Open ${url} and enter the code ${userCode}\n`);
  const code = stderr.isTTY ? qrLines(completeUrl, (stderr.columns ?? 80) - 4, printer.colour) : undefined;
  const left = (stderr.rows ?? 50) - (code?.length ?? 0);
  const goodFor = `It is good for ${inWords(seconds)}. Waiting… Ctrl-C stops.\n`;
  // The QR code comes first: where a terminal scrolls, the address and the code must be what stays in sight.
  const drawn = left < TIGHT ? [] : (code ?? []).map((line) => `  ${line}\n`);
  const scan = drawn.length > 0 ? "Scan this, or open this address" : "Open this address";
  if (left < ROOMY) {
    return printer.err(
      `${drawn.join("")}${scan} in any browser:\n  ${url}\nand enter the code\n  ${userCode}\n${goodFor}`,
    );
  }
  if (drawn.length > 0) drawn.push("\n");
  const where = `${scan} in any browser, on this or another device:\n\n  ${url}`;
  printer.err(`\n${drawn.join("")}${where}\n\nand enter the code\n\n  ${userCode}\n\n${goodFor}`);
}

function inWords(seconds: number): string {
  if (seconds < 120) return seconds === 1 ? "one second" : `${seconds} seconds`;
  return `${Math.round(seconds / 60)} minutes`;
}
