'use strict';
// JSON form of any JavaScript value; what JSON lacks becomes a marked object such as {"$set"}.

const { EventEmitter } = require('node:events');

const MAX_STRING = 2000;
const MAX_ITEMS = 50;
const MAX_DEPTH = 6;
const SECRET_NAME = /password|token|secret|card|authorization/i;

function encode(value, depth = 0) {
  if (value === undefined) return { $undefined: true };
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $repr: String(value) };
  if (typeof value === 'string') return encodeText(value);
  if (typeof value === 'function') return { $repr: `[Function: ${value.name || 'anonymous'}]` };
  if (typeof value !== 'object') return { $repr: String(value) };
  if (depth >= MAX_DEPTH) return { $cut: true };
  return encodeObject(value, depth + 1);
}

function encodeText(value) {
  return value.length <= MAX_STRING ? value : { $cut: true, text: value.slice(0, MAX_STRING) };
}

function encodeObject(value, depth) {
  if (Array.isArray(value)) return encodeItems(value, depth);
  if (value instanceof Set) return { $set: encodeItems([...value], depth) };
  if (value instanceof Date) return encodeDate(value);
  if (Buffer.isBuffer(value)) return { $bytes: value.subarray(0, MAX_STRING).toString('base64') };
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return encodeFields(value, depth);
  const name = prototype.constructor ? prototype.constructor.name : 'Object';
  if (isOpaque(value)) return { $repr: `${name} ${String(value)}` };
  return { $object: name, fields: encodeFields(value, depth) };
}

// Sockets and servers reach half of Node's internals; nobody reads those in an error log.
function isOpaque(value) {
  return value instanceof Map || value instanceof RegExp || value instanceof EventEmitter;
}

function encodeDate(value) {
  return Number.isNaN(value.getTime()) ? { $repr: 'Invalid Date' } : { $datetime: value.toISOString() };
}

function encodeItems(items, depth) {
  const encoded = items.slice(0, MAX_ITEMS).map((item) => encode(item, depth));
  return items.length > MAX_ITEMS ? [...encoded, { $cut: true }] : encoded;
}

function encodeFields(fields, depth) {
  const names = Object.keys(fields);
  const encoded = {};
  for (const name of names.slice(0, MAX_ITEMS)) encoded[name] = encodeNamed(name, fields[name], depth);
  if (names.length > MAX_ITEMS) encoded.$cut = true;
  return encoded;
}

function encodeNamed(name, value, depth = 0) {
  if (!SECRET_NAME.test(name) || value === null || value === undefined) return encode(value, depth);
  return { $redacted: typeof value === 'string' ? 'str' : typeof value, length: value.length ?? null };
}

module.exports = { encode, encodeNamed };
