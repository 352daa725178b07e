/**
 * Finds the real validators of OpenAPI documents and of JSON Schema, from Deno's cache or the npm registry. This is the one file that
 * names them.
 *
 * @module
 */
import type { Found } from "./clients.ts";
import { findNpm } from "./npm.ts";

/** What the tests ask of them. */
export interface OpenApiTools {
  /** What is wrong with a document; empty: nothing. */
  validate(document: unknown): Promise<string>;
  /** What is wrong with a value under a schema of the document; empty: nothing. */
  check(schema: Record<string, unknown>, value: unknown): string;
}

/** The validators, or why they are not there. */
export async function findOpenApiTools(): Promise<Found<OpenApiTools>> {
  const validators = await findNpm<ValidatorModule>(
    "npm:@seriousme/openapi-schema-validator@2.7.0",
  );
  if ("missing" in validators) return validators;
  const ajv = await findNpm<AjvModule>("npm:ajv@8.17.1/dist/2020.js");
  if ("missing" in ajv) return ajv;
  const { Validator } = validators.client;
  const validator = new ajv.client.default.default({ strict: false, allErrors: true });
  return {
    client: {
      async validate(document) {
        const { valid, errors } = await new Validator().validate(
          structuredClone(document) as Record<string, unknown>,
        );
        return valid ? "" : JSON.stringify(errors);
      },
      check: (schema, value) => validator.validate(schema, value) ? "" : validator.errorsText(),
    },
  };
}

/** What is used of the one. */
interface ValidatorModule {
  readonly Validator: new () => {
    validate(document: object): Promise<{ readonly valid: boolean; readonly errors?: unknown }>;
  };
}

/** What is used of the other. */
interface AjvModule {
  readonly default: {
    readonly default: new (options: object) => {
      validate(schema: object, value: unknown): boolean;
      errorsText(): string;
    };
  };
}
