import type { Will } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import { isReserved } from "../ground/message_rules.ts";
import { dropWill, forgetWill, storeWill } from "../services/wills.ts";
import type { Connection } from "../state/connection.ts";
import { isStateOf } from "./bridge.ts";

/**
 * Keeps the will of a connecting client, if the client may publish it. Otherwise the client is admitted without a will, and is not
 * told.
 */
export function takeWill(core: Core, connection: Connection, will: Will | undefined): void {
  if (will === undefined) return;
  const { hooked, client } = connection;
  const hookedWill = hooked?.will;
  if (hookedWill === null) {
    return dropWill(core, client!, connection.mountPoint + will.topicName, "refused_by_hook");
  }
  const kept = hookedWill ?? keepWill(connection, will);
  const reason = refusalOf(core, connection, kept);
  if (reason !== undefined) return dropWill(core, connection.client!, kept.topicName, reason);
  connection.will = kept;
  core.wills.add(kept);
  storeWill(core, connection.client!, kept);
}

/** The will as it will be published: under the mount point, with an allowed QoS, and with a copy of its bytes. */
export function keepWill({ listener, mountPoint }: Connection, will: Will): Will {
  const kept: Will = {
    ...will,
    topicName: mountPoint + will.topicName,
    qos: Math.min(will.qos, listener.maxQos) as Will["qos"],
    payload: will.payload.slice(),
  };
  const correlationData = will.properties?.correlationData?.slice();
  return correlationData === undefined
    ? kept
    : { ...kept, properties: { ...will.properties, correlationData } };
}

/**
 * Why the client may not publish its will. The question is asked again when the will is due, because rights change; but for a will
 * that was restored from the store there is no identity to ask about.
 */
function refusalOf(core: Core, connection: Connection, will: Will) {
  const { topicName, qos, retain } = will;
  // Checked without the mount point, like a PUBLISH: reserved topics are reserved below a mount point too.
  const { mountPoint } = connection;
  const seenName = topicName.startsWith(mountPoint)
    ? topicName.slice(mountPoint.length)
    : topicName;
  if (isReserved(seenName) && !isStateOf(connection, seenName)) return "reserved_topic" as const;
  const { access } = core.ports;
  if (!access.checksTopics) return undefined;
  const identity = connection.identity!;
  const decision = access.mayPublish(identity, topicName, qos, retain);
  if (decision === "pending") {
    access.decided?.(identity, () => {
      // If the will became due meanwhile, `publishWill` asks by itself.
      if (connection.will !== will || connection.state === "closed") return;
      if (access.mayPublish(identity, topicName, qos, retain) === true) return;
      forgetWill(core, connection);
      dropWill(core, connection.client!, topicName, "not_authorized");
    });
    return undefined;
  }
  return decision ? undefined : "not_authorized" as const;
}
