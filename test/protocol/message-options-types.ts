import { expectTypeOf } from "vitest";
import type { MessageRow } from "../../lambdas/adapters/dynamodb/messages.ts";
import type { Draft } from "../../lambdas/domain/log/append.ts";
import type { KeptOptions, Message } from "../../lambdas/domain/model/message.ts";
import type { MessageFields } from "../../lambdas/domain/wire/serialize.ts";
import type { MessageFrame } from "../../protocol/frames.ts";
import type { EveryOption, MessageOptions, PushRequest } from "../../protocol/push.ts";

/** What each place that names the options one by one has to name. */
type Kept = keyof Omit<MessageOptions, "qos" | "ttlMs"> | "ttlEndsAtMs";

/**
 * Compiled by `npm run types`, never called. An option that is added to `MessageOptions` is carried by the request, the
 * draft and the message, and is demanded where the parser, a publish, the row and the frame are written.
 */
export function messageOptionTypes(complete: EveryOption, row: MessageRow, fields: MessageFields) {
  expectTypeOf<PushRequest>().toExtend<MessageOptions>();
  expectTypeOf<keyof KeptOptions>().toEqualTypeOf<Kept>();
  expectTypeOf<Draft>().toExtend<KeptOptions>();
  expectTypeOf<Message>().toExtend<KeptOptions>();

  expectTypeOf<keyof EveryOption>().toEqualTypeOf<keyof MessageOptions>();
  expectTypeOf<Exclude<Kept, keyof MessageRow>>().toBeNever();
  expectTypeOf<Exclude<Kept, keyof MessageFields>>().toEqualTypeOf<"receiptTo">();
  expectTypeOf<Exclude<keyof MessageFrame, keyof MessageFields>>().toBeNever();

  const { exclude: _option, ...options } = complete;
  // @ts-expect-error the parser and a publish name every option
  options satisfies EveryOption;
  const { exclude: _attribute, ...attributes } = row;
  // @ts-expect-error a row names every option
  attributes satisfies MessageRow;
  const { exclude: _field, ...rest } = fields;
  // @ts-expect-error a frame names every option
  rest satisfies MessageFields;
}
