import { forPeople } from "../pages/routes.ts";
import type { Route } from "../router.ts";
import { authorize, authorizePage } from "./authorize.ts";
import { connectedPage, revokeCredentials, revokeGrant } from "./connected.ts";
import { answerDevice, devicePage, startDevice } from "./device.ts";
import { discovery, jwks, register, userinfo } from "./metadata.ts";
import { token } from "./token.ts";

/** For programs. An Authorization header there may hold an application's secret, which is no token. */
const programs: readonly Route[] = [
  { method: "GET", pattern: "/.well-known/openid-configuration", handler: discovery, auth: "open", bucket: "api" },
  { method: "GET", pattern: "/oauth/jwks", handler: jwks, auth: "open", bucket: "api" },
  { method: "GET", pattern: "/oauth/userinfo", handler: userinfo, bucket: "api" },
  { method: "POST", pattern: "/oauth/userinfo", handler: userinfo, bucket: "api" },
  { method: "POST", pattern: "/oauth/register", handler: register, auth: "open", bucket: "api" },
  { method: "POST", pattern: "/oauth/device", handler: startDevice, auth: "open", bucket: "api" },
  { method: "POST", pattern: "/oauth/token", handler: token, auth: "open", bucket: "api" },
  { method: "POST", pattern: "/api/credentials/revoke", handler: revokeCredentials, auth: "open" },
];

export const oauthRoutes: readonly Route[] = [
  ...programs,
  forPeople("GET", "/oauth/authorize", authorizePage),
  forPeople("POST", "/oauth/authorize", authorize),
  forPeople("GET", "/oauth/device", devicePage),
  forPeople("POST", "/oauth/device/answer", answerDevice),
  forPeople("GET", "/settings/connected-applications", connectedPage),
  forPeople("POST", "/settings/connected-applications/revoke", revokeGrant),
];
