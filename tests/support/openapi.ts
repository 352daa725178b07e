/**
 * Finds the real validators of OpenAPI documents and of JSON Schema in Deno's cache or the npm registry. Only this file names them.
 *
 * @module
 */
import type { Found } from "./clients.ts";
import { findNpm } from "./npm.ts";

/** The validators, as the tests use them. */
export interface OpenApiTools {
  /** The faults of a document; empty if it is valid. */
  validate(document: unknown): Promise<string>;
  /** The faults of a value by a schema of the document; empty if it is valid. */
  check(schema: Record<string, unknown>, value: unknown): string;
}

/** The validators, or why they are missing. */
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

/** The part of the document validator that is used. */
interface ValidatorModule {
  readonly Validator: new () => {
    validate(document: object): Promise<{ readonly valid: boolean; readonly errors?: unknown }>;
  };
}

/** The part of Ajv that is used. */
interface AjvModule {
  readonly default: {
    readonly default: new (options: object) => {
      validate(schema: object, value: unknown): boolean;
      errorsText(): string;
    };
  };
}
