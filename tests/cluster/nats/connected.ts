import { NatsConnection } from "../../../lib/cluster/nats/mod.ts";
import { parseNatsPlaces } from "../../../lib/config/mod.ts";
import { type NatsServer, until } from "../../support/nats_server.ts";

/** A connection to the server, which is in. */
export async function connected(server: NatsServer): Promise<NatsConnection> {
  const nats = new NatsConnection({
    places: parseNatsPlaces(server.url),
    credentials: { kind: "none" },
    tls: { caCerts: [] },
    name: "test",
  });
  await until("it is in", () => nats.isConnected);
  return nats;
}
