// @ts-check
import { Writer } from "./mqtt_bytes.js";

/**
 * Properties of a PUBLISH.
 * @typedef {object} Properties
 * @property {number} [payloadFormatIndicator]
 * @property {number} [messageExpiryInterval] seconds
 * @property {string} [contentType]
 * @property {string} [responseTopic]
 * @property {Uint8Array} [correlationData]
 * @property {number[]} [subscriptionIdentifiers]
 * @property {string} [reasonString]
 * @property {[string, string][]} [userProperties]
 */

/**
 * The properties that a page sends, with their length.
 * @param {Properties} properties
 */
export function writeProperties(properties) {
  const { messageExpiryInterval, contentType, responseTopic, userProperties = [] } = properties;
  const writer = new Writer();
  if (messageExpiryInterval !== undefined) writer.byte(0x02).uint32(messageExpiryInterval);
  if (contentType !== undefined) writer.byte(0x03).text(contentType);
  if (responseTopic !== undefined) writer.byte(0x08).text(responseTopic);
  for (const id of properties.subscriptionIdentifiers ?? []) writer.byte(0x0b).variable(id);
  for (const [name, value] of userProperties) writer.byte(0x26).text(name).text(value);
  return writer;
}

/**
 * All properties of a packet; those that the page does not know are passed by.
 * @param {import("./mqtt_bytes.js").Reader} reader
 * @returns {Properties}
 */
export function readProperties(reader) {
  /** @type {Properties} */
  const properties = {};
  const length = reader.variable();
  const end = reader.at + length;
  while (reader.at < end) readProperty(reader, properties);
  return properties;
}

/**
 * @param {import("./mqtt_bytes.js").Reader} reader
 * @param {Properties} properties
 */
function readProperty(reader, properties) {
  const id = reader.byte();
  switch (id) {
    case 0x01:
      properties.payloadFormatIndicator = reader.byte();
      return;
    case 0x02:
      properties.messageExpiryInterval = reader.uint32();
      return;
    case 0x03:
      properties.contentType = reader.text();
      return;
    case 0x08:
      properties.responseTopic = reader.text();
      return;
    case 0x09:
      properties.correlationData = reader.binary().slice();
      return;
    case 0x0b:
      (properties.subscriptionIdentifiers ??= []).push(reader.variable());
      return;
    case 0x1f:
      properties.reasonString = reader.text();
      return;
    case 0x26:
      (properties.userProperties ??= []).push([reader.text(), reader.text()]);
      return;
    case 0x11:
    case 0x18:
    case 0x27:
      reader.uint32();
      return;
    case 0x13:
    case 0x21:
    case 0x22:
    case 0x23:
      reader.uint16();
      return;
    case 0x12:
    case 0x15:
    case 0x16:
    case 0x1a:
    case 0x1c:
      reader.binary();
      return;
    default:
      reader.byte();
  }
}
