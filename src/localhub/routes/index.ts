import type { Route } from "../router.ts";
import { cdnRoutes } from "./cdn.ts";
import { accessRoutes } from "./access-requests.ts";
import { commitRoutes } from "./commits.ts";
import { identityRoutes } from "./identity.ts";
import { infoRoutes } from "./info.ts";
import { ownerRoutes } from "./access-owner.ts";
import { resolveRoutes } from "./resolve.ts";
import { treeRoutes } from "./tree.ts";
import { askRoutes, pageRoutes } from "../pages/routes.ts";

/** All routes; the first that fits answers. */
export const routes: readonly Route[] = [
  ...identityRoutes,
  ...infoRoutes,
  ...treeRoutes,
  ...commitRoutes,
  ...resolveRoutes,
  ...askRoutes,
  ...accessRoutes,
  ...ownerRoutes,
  ...cdnRoutes,
  ...pageRoutes,
];
