export { hubAddress } from "./address.ts";
export { createHubClient } from "./client.ts";
export { refusalError } from "./errors.ts";
export { networkError } from "./network-errors.ts";
export { createNodeFetch } from "./node-fetch.ts";
export { askFile, openFile } from "./open-file.ts";
export { openTunnel, proxyFor, readProxySettings } from "./proxy.ts";
export { repoOf as repoInAddress, requestId, serverText } from "./refusal.ts";
export { RETRIED, toldSeconds } from "./retry.ts";
export { userAgent } from "./user-agent.ts";

export type { Values } from "./address.ts";
export type { CallOptions, HubAnswer, HubClient, HubClientOptions, HubResponse } from "./client.ts";
export type { Refusal, Subject } from "./refusal.ts";
export type { NodeFetch, NodeFetchOptions } from "./node-fetch.ts";
export type { FileFacts, OpenedFile, OpenFileOptions } from "./open-file.ts";
export type { ProxySettings } from "./proxy.ts";
export type { OnBytes, OpenBody, OpenedBody, TransferOptions } from "./transfer-types.ts";
