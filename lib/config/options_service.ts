import type { Option } from "./option.ts";
import { choice, COUNT, integer, PATH, serviceRow, URL_TYPE } from "./rows.ts";

/** Who comes in by the word of a service. */
export const SERVICE_OPTIONS: readonly Option[] = [
  serviceRow(
    "auth_http_url",
    "authUrl",
    URL_TYPE,
    "A service that says who may come in, of those with a user name that is not in the `password_file`.",
    { defaultText: "none" },
  ),
  serviceRow(
    "acl_http_url",
    "aclUrl",
    URL_TYPE,
    "A service that says what a client may publish and subscribe to.",
    { defaultText: "none" },
  ),
  serviceRow(
    "auth_http_form",
    "form",
    choice("mosquitto-go-auth", "emqx"),
    "How questions and answers look: as in the HTTP backend of mosquitto-go-auth, or as in EMQX from version 5 on.",
    {},
  ),
  serviceRow(
    "auth_http_params",
    "params",
    choice("json", "form"),
    "Whether questions are JSON or forms.",
    {},
  ),
  serviceRow(
    "auth_http_response",
    "response",
    choice("status", "json", "text"),
    'What says yes in the form of mosquitto-go-auth: the status alone, `{"ok": true}`, or the text `ok`.',
    {},
  ),
  serviceRow(
    "auth_http_timeout",
    "timeoutSeconds",
    integer(1, 60),
    "How long a question waits for its turn at most, and how long for its answer.",
    { unit: "seconds" },
  ),
  serviceRow(
    "auth_http_connections",
    "maxRequests",
    integer(1, 1000),
    "Questions that are under way at once to each of the two; the others have their turn, address after address.",
    { unit: "requests" },
  ),
  serviceRow(
    "auth_http_cache",
    "cacheSeconds",
    integer(0, 86_400),
    "How long a yes is remembered; 0: it is not.",
    { unit: "seconds" },
  ),
  serviceRow(
    "auth_http_negative_cache",
    "negativeCacheSeconds",
    integer(0, 86_400),
    "How long a no is remembered; 0: it is not.",
    { unit: "seconds" },
  ),
  serviceRow(
    "auth_http_cache_size",
    "cacheSize",
    { ...COUNT, min: 1 },
    "Answers of each of the two that are remembered.",
    { unit: "answers" },
  ),
  serviceRow(
    "auth_http_on_failure",
    "onFailure",
    choice("deny", "cached"),
    "What holds while there is no answer: no, or what was answered to the same question last, within a day.",
    {},
  ),
  serviceRow(
    "auth_http_ca_file",
    "caFile",
    PATH,
    "Certificates in PEM that the service's may be from; read again when it changes.",
    { defaultText: "those that everybody trusts" },
  ),
  serviceRow(
    "auth_http_header_file",
    "headerFile",
    PATH,
    "Headers that go with every question, one `Name: value` a line, such as a secret; read again when it changes.",
    { defaultText: "none" },
  ),
];
