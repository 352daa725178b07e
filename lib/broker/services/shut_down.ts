import { ReasonCode } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import { closeAll } from "./lifecycle.ts";
import { finishFanOuts } from "./long_fan_out.ts";

/** Sends DISCONNECT 0x8B to all clients, and accepts no others. */
export function shutDown(core: Core): void {
  core.isShuttingDown = true;
  // Hand accepted messages to all receivers first, so that the wills of the disconnected clients are routed as well.
  finishFanOuts(core);
  closeAll(core, ReasonCode.ServerShuttingDown, "Server is shutting down");
  finishFanOuts(core);
}
