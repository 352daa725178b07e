import { freePort } from "./free_port.ts";
import { NatsServer } from "./nats_server.ts";

/** Three real nats-servers that keep their streams together: `n0`, `n1` and `n2`. `await using` ends them. */
export class NatsCluster {
  private constructor(readonly servers: readonly NatsServer[]) {}

  /** The addresses of all, as the option `cluster` takes them. */
  get urls(): string {
    return this.servers.map(({ url }) => url).join(",");
  }

  /** Starts them. */
  static async start(): Promise<NatsCluster> {
    const routePorts = [freePort(), freePort(), freePort()];
    const routes = routePorts.map((port) => `nats://127.0.0.1:${port}`).join(", ");
    const servers = await Promise.all(routePorts.map((routePort, i) => {
      const config = `server_name: n${i}
cluster { name: test, listen: "127.0.0.1:${routePort}", routes: [${routes}] }`;
      return NatsServer.start(config, Deno.makeTempDirSync({ prefix: "flux-nats-" }), freePort());
    }));
    return new NatsCluster(servers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }
}
