import type { Route } from "../route.ts";
import { ACCESS_ROUTES } from "./access.ts";
import { BACKUP_ROUTES } from "./backup.ts";
import { BRIDGE_ROUTES } from "./bridges.ts";
import { CLIENT_ROUTES } from "./clients.ts";
import { CLUSTER_ROUTES } from "./cluster.ts";
import { CONFIGURATION_ROUTES } from "./configuration.ts";
import { documentRoute } from "./document.ts";
import { LOG_ROUTES } from "./log.ts";
import { METRICS_ROUTES } from "./metrics.ts";
import { OVERVIEW_ROUTES } from "./overview.ts";
import { PUBLISH_ROUTES } from "./publish.ts";
import { RETAINED_ROUTES } from "./retained.ts";
import { SESSION_ROUTES } from "./session.ts";
import { SUBSCRIPTION_ROUTES } from "./subscriptions.ts";
import { TOPIC_ROUTES } from "./topics.ts";
import { TRACE_ROUTES } from "./trace.ts";

const OPERATIONS: readonly Route[] = [
  ...OVERVIEW_ROUTES,
  ...CLIENT_ROUTES,
  ...BRIDGE_ROUTES,
  ...CLUSTER_ROUTES,
  ...SUBSCRIPTION_ROUTES,
  ...TOPIC_ROUTES,
  ...RETAINED_ROUTES,
  ...PUBLISH_ROUTES,
  ...CONFIGURATION_ROUTES,
  ...ACCESS_ROUTES,
  ...LOG_ROUTES,
  ...BACKUP_ROUTES,
  ...TRACE_ROUTES,
  ...SESSION_ROUTES,
  ...METRICS_ROUTES,
];

/** All operations, including the one that answers with their document. */
export const API_ROUTES: readonly Route[] = [...OPERATIONS, documentRoute(OPERATIONS)];
