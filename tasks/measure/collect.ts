/**
 * Loaded into a broker that is weighed, before the broker itself: SIGUSR2 makes V8 collect all garbage. Without it some megabytes of
 * that come and go, as much as a thousand connections weigh.
 *
 * @module
 */
import { collectGarbage } from "../../tests/support/garbage.ts";

Deno.addSignalListener("SIGUSR2", () => collectGarbage());
