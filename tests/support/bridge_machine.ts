import {
  type BridgeAddress,
  BridgeMachine,
  type BridgeOptions,
  type BridgePorts,
  type BridgeStatus,
} from "../../lib/bridge/mod.ts";
import { encodePacket } from "../../lib/codec/mod.ts";
import { DEFAULT_BRIDGE_OPTIONS } from "./bridge_options.ts";

/** As a remote broker says it that lets a bridge in. */
export const CONNACK = encodePacket({ type: "connack", sessionPresent: false, reasonCode: 0 }, 5);

/** A machine whose world is what the test says. */
export function machineOf(options: Partial<BridgeOptions>) {
  const opened: { readonly id: number; readonly port: number }[] = [];
  const closed: number[] = [];
  const locals: { readonly id: number; readonly forgetsReceived: boolean }[] = [];
  const states: BridgeStatus["state"][] = [];
  const warnings: string[] = [];
  const session = { topicFilters: ["#"], waiting: 0 };
  const ports: BridgePorts = {
    openRemote: (id, { port }) => opened.push({ id, port }),
    closeRemote: (id) => closed.push(id),
    openLocal: (id, { forgetsReceived }) => locals.push({ id, forgetsReceived }),
    closeLocal: () => {},
    password: () => "",
    localSession: () => session,
    notify: () => {},
    changed: ({ state }) => states.push(state),
    warn: (message) => warnings.push(message),
    random: () => 0.5,
  };
  const address = (port: number): BridgeAddress => ({
    scheme: "mqtt",
    hostname: "far",
    port,
    path: "",
  });
  const machine = new BridgeMachine({
    options: {
      ...DEFAULT_BRIDGE_OPTIONS,
      name: "far",
      addresses: [address(1), address(2), address(3)],
      topics: [{ pattern: "#", direction: "out", qos: 1, localPrefix: "", remotePrefix: "" }],
      ...options,
    },
    brokerId: "near",
    maxPacketSizeBytes: 2_000_000,
    maxLocalPacketSizeBytes: 2_000_000,
    window: 20,
  }, ports);
  const letIn = (id: number, nowMs: number) => {
    machine.opened(id, nowMs);
    machine.remoteBytes(id, CONNACK, 0, CONNACK.length, nowMs);
  };
  return { machine, opened, closed, locals, states, warnings, session, letIn };
}
