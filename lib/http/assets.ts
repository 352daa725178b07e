import apiJs from "./page/api.js" with { type: "text" };
import appJs from "./page/app.js" with { type: "text" };
import chartJs from "./page/chart.js" with { type: "text" };
import domJs from "./page/dom.js" with { type: "text" };
import formatJs from "./page/format.js" with { type: "text" };
import guideCss from "./page/guide.css" with { type: "text" };
import iconSvg from "./page/icon.svg" with { type: "text" };
import indexHtml from "./page/index.html" with { type: "text" };
import liveJs from "./page/live.js" with { type: "text" };
import mainJs from "./page/main.js" with { type: "text" };
import mqttJs from "./page/mqtt.js" with { type: "text" };
import mqttBytesJs from "./page/mqtt_bytes.js" with { type: "text" };
import mqttMessageJs from "./page/mqtt_message.js" with { type: "text" };
import mqttPropertiesJs from "./page/mqtt_properties.js" with { type: "text" };
import notesJs from "./page/notes.js" with { type: "text" };
import payloadJs from "./page/payload.js" with { type: "text" };
import publishFormJs from "./page/publish_form.js" with { type: "text" };
import styleCss from "./page/style.css" with { type: "text" };
import topicPanelJs from "./page/topic_panel.js" with { type: "text" };
import topicTreeJs from "./page/topic_tree.js" with { type: "text" };
import treeListJs from "./page/tree_list.js" with { type: "text" };
import viewAccessJs from "./page/view_access.js" with { type: "text" };
import viewClientJs from "./page/view_client.js" with { type: "text" };
import viewClientsJs from "./page/view_clients.js" with { type: "text" };
import viewClusterJs from "./page/view_cluster.js" with { type: "text" };
import viewConfigurationJs from "./page/view_configuration.js" with { type: "text" };
import viewLogJs from "./page/view_log.js" with { type: "text" };
import viewLogInJs from "./page/view_log_in.js" with { type: "text" };
import viewMessagesJs from "./page/view_messages.js" with { type: "text" };
import viewOverviewJs from "./page/view_overview.js" with { type: "text" };
import viewTopicsJs from "./page/view_topics.js" with { type: "text" };
import viewTraceJs from "./page/view_trace.js" with { type: "text" };

/** A file of the page: answers with the file, or with 304 if the browser has it already. */
type Asset = (request: Request) => Response;

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const SVG = "image/svg+xml";
const SCRIPT = "text/javascript; charset=utf-8";

const FILES: readonly [path: string, type: string, content: string][] = [
  ["/api.js", SCRIPT, apiJs],
  ["/app.js", SCRIPT, appJs],
  ["/chart.js", SCRIPT, chartJs],
  ["/dom.js", SCRIPT, domJs],
  ["/format.js", SCRIPT, formatJs],
  ["/guide.css", CSS, guideCss],
  ["/icon.svg", SVG, iconSvg],
  ["/", HTML, indexHtml],
  ["/live.js", SCRIPT, liveJs],
  ["/main.js", SCRIPT, mainJs],
  ["/mqtt.js", SCRIPT, mqttJs],
  ["/mqtt_bytes.js", SCRIPT, mqttBytesJs],
  ["/mqtt_message.js", SCRIPT, mqttMessageJs],
  ["/mqtt_properties.js", SCRIPT, mqttPropertiesJs],
  ["/notes.js", SCRIPT, notesJs],
  ["/payload.js", SCRIPT, payloadJs],
  ["/publish_form.js", SCRIPT, publishFormJs],
  ["/style.css", CSS, styleCss],
  ["/topic_panel.js", SCRIPT, topicPanelJs],
  ["/topic_tree.js", SCRIPT, topicTreeJs],
  ["/tree_list.js", SCRIPT, treeListJs],
  ["/view_access.js", SCRIPT, viewAccessJs],
  ["/view_client.js", SCRIPT, viewClientJs],
  ["/view_clients.js", SCRIPT, viewClientsJs],
  ["/view_cluster.js", SCRIPT, viewClusterJs],
  ["/view_configuration.js", SCRIPT, viewConfigurationJs],
  ["/view_log.js", SCRIPT, viewLogJs],
  ["/view_log_in.js", SCRIPT, viewLogInJs],
  ["/view_messages.js", SCRIPT, viewMessagesJs],
  ["/view_overview.js", SCRIPT, viewOverviewJs],
  ["/view_topics.js", SCRIPT, viewTopicsJs],
  ["/view_trace.js", SCRIPT, viewTraceJs],
];

/** The page's files by path. They are part of the program, so a request reads nothing from disk. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map(
  FILES.map(([path, type, content]) => [path, assetOf(type, content)]),
);

function assetOf(type: string, content: string): Asset {
  const bytes = new TextEncoder().encode(content);
  let etag: string | undefined;
  return (request) => {
    etag ??= `"${fingerprint(bytes)}"`;
    const headers = { "content-type": type, etag, "cache-control": "no-cache" };
    if (request.headers.get("if-none-match") === etag) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(request.method === "HEAD" ? null : bytes, { headers });
  };
}

/** Hashes with FNV-1a, which is enough to tell two versions of a file apart. */
function fingerprint(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
