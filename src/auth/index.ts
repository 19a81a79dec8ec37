export { insecureEndpoint, UntrustedEndpointError } from "./endpoint-rule.ts";
export { cleanToken } from "./clean.ts";
export type { CleanedToken } from "./clean.ts";
export { createFileTokenStore } from "./file-token-store.ts";
export type { FileStoreOptions } from "./file-token-store.ts";
export { createFolderLogins } from "./folder-logins.ts";
export type { FolderChange, FolderLogins, FolderLoginsOptions, FolderRulesReading } from "./folder-logins.ts";
export type { FolderRule, FolderRules } from "./folder-rules.ts";
export { readIdentity } from "./identity.ts";
export type { Identity, IdentityToken, Organisation, ScopedPermission, TokenPermissions } from "./identity.ts";
export { createKeychain, tryKeychain } from "./keychain.ts";
export type { Keychain, KeychainOptions } from "./keychain.ts";
export { withRevealed } from "./keychain-logins.ts";
export { originsOf } from "./login-record.ts";
export { login, logout, logoutAll, switchTo } from "./login.ts";
export type { LoginOptions, LoginReport } from "./login.ts";
export { DEFAULT_OAUTH_CLIENT_ID, oauthClientId, readOauthTokens } from "./oauth.ts";
export type { OauthTokens } from "./oauth.ts";
export { createOidcExchanger } from "./oidc-exchange.ts";
export type { ExchangedToken, OidcExchanger, OidcMemory, OidcOptions } from "./oidc-exchange.ts";
export type { OidcConfigOptions } from "./oidc-config.ts";
export type { OidcProvider, OidcWay } from "./oidc-provider.ts";
export { whyNotReadOnly } from "./read-only.ts";
export { createRefresher, createRefreshMemory, notOauth, refreshLogin } from "./refresh.ts";
export type { RefreshMemory, RefreshOptions, RefreshOutcome } from "./refresh.ts";
export { isRefreshDue } from "./refresh-due.ts";
export type { LoginRefresher, RefreshNote } from "./refresh-due.ts";
export { credentialOf, notExchanged, resolveToken } from "./resolve.ts";
export type {
  FoundToken,
  PromisedToken,
  RefusedToken,
  SourceReading,
  TokenResolution,
  TokenSource,
} from "./resolve.ts";
export { revocable, revokeToken } from "./revoke.ts";
export type { Revocable, RevokeOptions } from "./revoke.ts";
export { readNamedLogin } from "./named-login.ts";
export { overridingSource, tokenSources } from "./sources.ts";
export type { ExplicitToken, SourceOptions } from "./sources.ts";
export { activeLogin, lookUpOrigins } from "./store-plans.ts";
export type { LogoutReport, SwitchReport } from "./store-plans.ts";
export { surveySources } from "./survey.ts";
export type { SourceReport, SourceState, SourceSurvey } from "./survey.ts";
export { isTokenVariable, lookAlikes, withoutTokens } from "./token-variables.ts";
export { parseTokenName, safeTokenName } from "./token-name.ts";
export { maskToken, readableLogins } from "./token-store.ts";
export type {
  ActiveToken,
  ChangeOptions,
  ClearReport,
  HeldStore,
  KeychainHome,
  OnUnreadable,
  PathState,
  SavedLogins,
  StoreContents,
  StoreDescription,
  StoredToken,
  TokenStore,
} from "./token-store.ts";
export { trustEndpoint } from "./trust.ts";
export type { TrustReport } from "./trust.ts";
export { whoami } from "./whoami.ts";
