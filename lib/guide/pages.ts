import architecture from "./architecture.md" with { type: "text" };
import authentication from "./authentication.md" with { type: "text" };
import bridging from "./bridging.md" with { type: "text" };
import client from "./client.md" with { type: "text" };
import clustering from "./clustering.md" with { type: "text" };
import comingFromAedes from "./coming-from-aedes.md" with { type: "text" };
import comingFromMosquitto from "./coming-from-mosquitto.md" with { type: "text" };
import configuration from "./configuration.md" with { type: "text" };
import conformance from "./conformance.md" with { type: "text" };
import dashboardAndMetrics from "./dashboard-and-metrics.md" with { type: "text" };
import development from "./development.md" with { type: "text" };
import durability from "./durability.md" with { type: "text" };
import dynamicSecurity from "./dynamic-security.md" with { type: "text" };
import embedding from "./embedding.md" with { type: "text" };
import embeddingPrograms from "./embedding-programs.md" with { type: "text" };
import operations from "./operations.md" with { type: "text" };
import optionsBridges from "./options-bridges.md" with { type: "text" };
import optionsListeners from "./options-listeners.md" with { type: "text" };
import optionsMessages from "./options-messages.md" with { type: "text" };
import optionsMosquitto from "./options-mosquitto.md" with { type: "text" };
import optionsProcess from "./options-process.md" with { type: "text" };
import performance from "./performance.md" with { type: "text" };
import programStore from "./program-store.md" with { type: "text" };
import programs from "./programs.md" with { type: "text" };
import runningACluster from "./running-a-cluster.md" with { type: "text" };
import security from "./security.md" with { type: "text" };
import securityDefaults from "./security-defaults.md" with { type: "text" };

/** Every page of this folder: `deno task docs` writes this list. */
export const TEXTS: readonly (readonly [name: string, text: string])[] = [
  ["architecture", architecture],
  ["authentication", authentication],
  ["bridging", bridging],
  ["client", client],
  ["clustering", clustering],
  ["coming-from-aedes", comingFromAedes],
  ["coming-from-mosquitto", comingFromMosquitto],
  ["configuration", configuration],
  ["conformance", conformance],
  ["dashboard-and-metrics", dashboardAndMetrics],
  ["development", development],
  ["durability", durability],
  ["dynamic-security", dynamicSecurity],
  ["embedding", embedding],
  ["embedding-programs", embeddingPrograms],
  ["operations", operations],
  ["options-bridges", optionsBridges],
  ["options-listeners", optionsListeners],
  ["options-messages", optionsMessages],
  ["options-mosquitto", optionsMosquitto],
  ["options-process", optionsProcess],
  ["performance", performance],
  ["program-store", programStore],
  ["programs", programs],
  ["running-a-cluster", runningACluster],
  ["security", security],
  ["security-defaults", securityDefaults],
];
