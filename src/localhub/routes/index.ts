import type { Route } from "../router.ts";
import { cdnRoutes } from "./cdn.ts";
import { accessRoutes } from "./access-requests.ts";
import { commitRoutes } from "./commits.ts";
import { identityRoutes } from "./identity.ts";
import { gitRoutes } from "./git.ts";
import { infoRoutes } from "./info.ts";
import { lfsRoutes } from "./lfs.ts";
import { ownerRoutes } from "./access-owner.ts";
import { refRoutes } from "./refs.ts";
import { repoRoutes } from "./repos.ts";
import { resolveRoutes } from "./resolve.ts";
import { treeRoutes } from "./tree.ts";
import { uploadRoutes } from "./uploads.ts";
import { xetCasRoutes } from "./xet-cas.ts";
import { xetHubRoutes } from "./xet-hub.ts";
import { xetUploadRoutes } from "./xet-upload.ts";
import { oauthRoutes } from "../oauth/routes.ts";
import { askRoutes, pageRoutes } from "../pages/routes.ts";

/** All routes; the first that fits answers. */
export const routes: readonly Route[] = [
  ...identityRoutes,
  ...repoRoutes,
  ...infoRoutes,
  ...treeRoutes,
  ...commitRoutes,
  ...resolveRoutes,
  ...askRoutes,
  ...accessRoutes,
  ...ownerRoutes,
  ...uploadRoutes,
  ...refRoutes,
  ...lfsRoutes,
  ...gitRoutes,
  ...xetHubRoutes,
  ...cdnRoutes,
  ...xetCasRoutes,
  ...xetUploadRoutes,
  ...oauthRoutes,
  ...pageRoutes,
];
