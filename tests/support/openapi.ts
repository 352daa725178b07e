/**
 * Finds the real validators of OpenAPI documents and of JSON Schema, from Deno's cache or the npm registry. This is the one file that
 * names them.
 *
 * @module
 */
import type { Found } from "./clients.ts";

/** What the tests ask of them. */
export interface OpenApiTools {
  /** What is wrong with a document; empty: nothing. */
  validate(document: unknown): Promise<string>;
  /** What is wrong with a value under a schema of the document; empty: nothing. */
  check(schema: Record<string, unknown>, value: unknown): string;
}

/** The validators, or why they are not there. */
export async function findOpenApiTools(): Promise<Found<OpenApiTools>> {
  try {
    // deno-lint-ignore no-import-prefix -- deno.json names no npm package, so that `start` needs no network
    const { Validator } = await import("npm:@seriousme/openapi-schema-validator@2.7.0");
    // deno-lint-ignore no-import-prefix -- the same
    const { default: Ajv } = await import("npm:ajv@8.17.1/dist/2020.js");
    const validator = new Ajv.default({ strict: false, allErrors: true });
    return {
      client: {
        async validate(document) {
          const { valid, errors } = await new Validator().validate(
            structuredClone(document) as Record<string, unknown> as never,
          );
          return valid ? "" : JSON.stringify(errors);
        },
        check: (schema, value) => validator.validate(schema, value) ? "" : validator.errorsText(),
      },
    };
  } catch (error) {
    return { missing: `The validators of OpenAPI cannot be loaded: ${error}` };
  }
}
