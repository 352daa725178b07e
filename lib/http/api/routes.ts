import type { Route } from "../route.ts";
import { METRICS_ROUTES } from "./metrics.ts";
import { SESSION_ROUTES } from "./session.ts";

/** Every operation. */
export const API_ROUTES: readonly Route[] = [
  ...METRICS_ROUTES,
  ...SESSION_ROUTES,
];
