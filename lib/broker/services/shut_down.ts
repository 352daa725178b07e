import { ReasonCode } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import { attempt } from "./faults.ts";
import { closeAll } from "./lifecycle.ts";
import { finishFanOuts } from "./long_fan_out.ts";

/** Sends DISCONNECT 0x8B to all clients, and accepts no others. */
export function shutDown(core: Core): void {
  core.isShuttingDown = true;
  // Hand accepted messages to all receivers first, so that the wills of the disconnected clients are routed as well.
  finishFanOuts(core);
  // Among what is due may be wills whose receivers are not all found.
  attempt(core, "Cannot do what is due", {}, () => core.deadlines.run(core.nowMs));
  closeAll(core, ReasonCode.ServerShuttingDown, "Server is shutting down");
  finishFanOuts(core);
}
