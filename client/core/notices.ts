import type { Missed } from "../../protocol/frames.ts";
import type { clientCodes } from "./client-codes.ts";

/** Code and text of a success, as the server sends them. PROTOCOL.md lists the codes. */
export interface Notice {
  code: string;
  msg: string;
}

/** Result of `loginRoom`. */
export interface LoginNotice extends Notice {
  /**
   * Only with catch-up options. `true`: every missed message follows. `false`: messages were lost, so the page has to
   * reload what it shows of the room; the messages from now on are complete.
   */
  recovered?: boolean;
}

/** Result of `publish`. */
export interface PublishNotice extends Notice {
  clientMessageId: string;
  messageId: string;
  /** Position in the room's log, together with `seq`. Absent at `qos` 0. */
  epoch?: string;
  seq?: number;
  /** Only for a message to a user: the id of the conversation, the same for both sides. */
  conversation?: string;
}

/** Result of `replay`: a part of a conversation's log. */
export interface ReplayNotice extends Notice, Missed {
  /** The conversation's id. */
  roomId: string;
  epoch: string;
}

/** Reports that the payload of a message cannot be fetched. Listeners of `errorResp` receive it instead of the message. */
export interface PayloadLost {
  type: "payloadLost";
  eventName: "errorResp";
  data: { code: (typeof clientCodes)["payloadLost"]; msg: string };
  /** Absent for a message to everyone. */
  roomId?: string | undefined;
  messageId: string;
}
