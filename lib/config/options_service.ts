import type { Option } from "./option.ts";
import { choice, COUNT, integer, PATH, serviceRow, URL_TYPE } from "./rows.ts";

/** The service that decides who may connect and what they may do. */
export const SERVICE_OPTIONS: readonly Option[] = [
  serviceRow(
    "auth_http_url",
    "authUrl",
    URL_TYPE,
    "A service that decides who may connect, among clients with a user name that is not in the `password_file`.",
  ),
  serviceRow(
    "acl_http_url",
    "aclUrl",
    URL_TYPE,
    "A service that decides what a client may publish and subscribe to.",
  ),
  serviceRow(
    "auth_http_form",
    "form",
    choice("mosquitto-go-auth", "emqx"),
    "The form of requests and answers: that of the HTTP backend of mosquitto-go-auth, or that of EMQX from version 5 on.",
  ),
  serviceRow(
    "auth_http_params",
    "params",
    choice("json", "form"),
    "Whether requests are JSON or forms.",
  ),
  serviceRow(
    "auth_http_response",
    "response",
    choice("status", "json", "text"),
    'What means yes in the form of mosquitto-go-auth: the status alone, `{"ok": true}`, or the text `ok`.',
  ),
  serviceRow(
    "auth_http_timeout",
    "timeoutSeconds",
    integer(1, 60),
    "The longest time that a request waits for its turn, and again for its answer.",
    { unit: "seconds" },
  ),
  serviceRow(
    "auth_http_connections",
    "maxRequests",
    integer(1, 1000),
    "The most requests under way at once to each of the two services; the others take turns by the address of their client.",
    { unit: "requests" },
  ),
  serviceRow(
    "auth_http_cache",
    "cacheSeconds",
    integer(0, 86_400),
    "How long a yes is remembered; 0: not at all.",
    { unit: "seconds" },
  ),
  serviceRow(
    "auth_http_negative_cache",
    "negativeCacheSeconds",
    integer(0, 86_400),
    "How long a no is remembered; 0: not at all.",
    { unit: "seconds" },
  ),
  serviceRow(
    "auth_http_cache_size",
    "cacheSize",
    { ...COUNT, min: 1 },
    "The most answers of each of the two services that are remembered.",
    { unit: "answers" },
  ),
  serviceRow(
    "auth_http_on_failure",
    "onFailure",
    choice("deny", "cached"),
    "What counts while there is no answer: `deny` means no, `cached` the last answer to the same request within a day.",
  ),
  serviceRow(
    "auth_http_ca_file",
    "caFile",
    PATH,
    "A PEM file of the authorities that sign the service's certificate; read again when it changes.",
    { defaultText: "the publicly trusted authorities" },
  ),
  serviceRow(
    "auth_http_header_file",
    "headerFile",
    PATH,
    "A file of headers for every request, such as a secret, one `Name: value` in each line; read again when it changes.",
  ),
];
