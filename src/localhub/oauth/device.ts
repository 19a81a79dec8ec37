import type { HubResponse } from "../http.ts";
import { readFields } from "../http.ts";
import { randomLetters } from "../model.ts";
import { checkHost, readForm } from "../pages/forms.ts";
import type { Visit } from "../pages/layout.ts";
import { formToken, page, seeOther, signInPath } from "../pages/layout.ts";
import { markup } from "../pages/markup.ts";
import { signInFirst } from "../refusals.ts";
import type { Call } from "../router.ts";
import { clientOf, scopesFor, textField } from "./clients.ts";
import { answers, askedFor } from "./consent.ts";
import { answerProgram, OauthError, tokenAnswer } from "./errors.ts";
import { forgetOld, mintUserCode } from "./state.ts";
import type { DeviceRequest } from "./types.ts";

/** `POST /oauth/device`: two codes, one for the program and one for the person. */
export function startDevice({ hub, request }: Call): Promise<HubResponse> {
  return answerProgram(async () => {
    const fields = await readFields(request);
    const client = clientOf(hub, request, fields);
    if (!client) throw new OauthError("invalid_request", "client_id is missing");
    const { devices, settings } = hub.oauth;
    forgetOld(devices, hub.now());
    const device: DeviceRequest = {
      deviceCode: randomLetters(40),
      userCode: mintUserCode(),
      client: client.id,
      scopes: scopesFor(client, textField(fields, "scope")),
      expiresAt: hub.now() + settings.deviceSeconds * 1000,
      interval: settings.interval * 1000,
      state: "waiting",
    };
    devices.set(device.deviceCode, device);
    return tokenAnswer({
      device_code: device.deviceCode,
      user_code: device.userCode,
      verification_uri: `${request.base}/oauth/device`,
      expires_in: settings.deviceSeconds,
      ...(settings.tellInterval ? { interval: settings.interval } : {}),
    });
  });
}

/** `GET /oauth/device`: asks for the code; with one, shows what it lets in. */
export function devicePage(visit: Visit): HubResponse {
  checkHost(visit.hub, visit.request);
  const typed = visit.request.query.get("user_code");
  if (!visit.user) return seeOther(signInPath(visit.request.target));
  if (typed === null) return codeForm(visit);
  const device = findDevice(visit, typed);
  if (!device) return codeForm(visit, typed);
  const client = visit.hub.oauth.clients.get(device.client);
  if (!client) return codeForm(visit, typed);
  const body = markup`<h1>Let a device in?</h1>
<p>Does the device show this code?</p>
<p class="code"><code>${device.userCode}</code></p>
<p>If not, or if somebody sent you here, deny.</p>
${askedFor(visit, client, device.scopes)}
<form method="post" action="/oauth/device/answer">${formToken(visit)}
<input type="hidden" name="user_code" value="${device.userCode}">${answers()}</form>`;
  return page(visit, { title: "Let a device in", body });
}

function codeForm(visit: Visit, wrong?: string): HubResponse {
  const failed = wrong !== undefined;
  const body = markup`<h1>Enter the code</h1>
${failed && markup`<p class="note bad" role="alert" id="wrong">No device waits with this code. Compare it with the device; if it is too old, begin again there.</p>`}
<form class="stack" method="get" action="/oauth/device">
<p><label for="user_code">Code on the device</label><input id="user_code" name="user_code" required autocomplete="off"
autocapitalize="characters" spellcheck="false" value="${wrong ?? ""}" aria-describedby="code-hint${failed && " wrong"}"${
    failed && markup` aria-invalid="true"`
  }><span class="hint" id="code-hint">Eight letters and digits, such as BCDF-2345.</span></p>
<button>Continue</button></form>`;
  return page(visit, { title: failed ? "Error: Enter the code" : "Enter the code", body, status: failed ? 400 : 200 });
}

/** Typed with or without its hyphen, in any case of letters. */
function findDevice({ hub }: Visit, typed: string): DeviceRequest | undefined {
  const plain = (code: string): string => code.toUpperCase().replace(/[^A-Z0-9]/g, "");
  const wanted = plain(typed.slice(0, 40));
  return [...hub.oauth.devices.values()].find(
    (one) => plain(one.userCode) === wanted && one.state === "waiting" && one.expiresAt > hub.now(),
  );
}

/** `POST /oauth/device/answer` */
export async function answerDevice(visit: Visit): Promise<HubResponse> {
  const { fields } = await readForm(visit);
  if (!visit.user) throw signInFirst();
  const typed = fields.get("user_code") ?? "";
  const device = findDevice(visit, typed);
  if (!device) return codeForm(visit, typed);
  const approved = fields.get("answer") === "approve";
  device.state = approved ? "approved" : "denied";
  device.user = visit.user.name;
  const body = approved
    ? markup`<h1>The device is signed in</h1><p role="status">Go back to it. You can close this page.</p>`
    : markup`<h1>The device was refused</h1><p role="status">It got nothing. You can close this page.</p>`;
  return page(visit, { title: approved ? "Signed in" : "Refused", body });
}
