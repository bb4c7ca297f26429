/**
 * Codes of replies and notices, which pages receive in `data.code`.
 *
 * 2001–2005, their event names and their texts are a contract with existing pages, including the spelling.
 */
export const frameCodes = {
  connected: "2001",
  loggedIn: "2002",
  loginFailed: "2003",
  occupied: "2004",
  evicted: "2005",
  left: "2006",
  leaveFailed: "2007",
  alive: "2008",
  helloFailed: "2009",
  published: "2010",
  replayed: "2011",
  publishFailed: "2012",
  behind: "2013",
  replayFailed: "2014",
  notJson: "4001",
  unknownAction: "4002",
  badFields: "4003",
  serverTrouble: "5001",
} as const;

/** Fixed texts of `data.msg`. All other codes carry a reason, except 2008, whose text is `alive`. */
export const frameTexts = {
  connected: "connect success",
  loggedIn: (roomId: string) => `login room (id:${roomId}) success`,
  occupied: (roomId: string) => `your room id(${roomId}) already exist`,
  evicted: (roomId: string) => `you have kicked out room (id${roomId})`,
  left: (roomId: string) => `leave room (id:${roomId}) success`,
  published: "publish success",
  replayed: "replay success",
  behind: "more is waiting",
} as const;

/**
 * Codes of the responses of the REST API, in `RETURN_CODE` or `code`, with their HTTP status.
 *
 * | codes | meaning |
 * | --- | --- |
 * | `0000` | The push is accepted. |
 * | 1xxx | The caller must change the request. |
 * | 9xxx | The caller may send the same request again. |
 */
export const pushCodes = {
  ok: { code: "0000", status: 200 },
  bodyNotJson: { code: "1001", status: 400 },
  eventNameWrong: { code: "1002", status: 400 },
  eventNameReserved: { code: "1003", status: 400 },
  dataMissing: { code: "1004", status: 400 },
  roomIdWrong: { code: "1005", status: 400 },
  roomIdReserved: { code: "1006", status: 400 },
  userIdWrong: { code: "1007", status: 400 },
  unknownField: { code: "1008", status: 400 },
  optionWrong: { code: "1010", status: 400 },
  tooLarge: { code: "1009", status: 413 },
  pollWrong: { code: "1011", status: 400 },
  messageIdUsed: { code: "1012", status: 409 },
  unauthorized: { code: "1101", status: 403 },
  unauthorizedToken: { code: "1102", status: 401 },
  notFound: { code: "1104", status: 404 },
  throttled: { code: "9001", status: 429 },
  serverTrouble: { code: "9002", status: 500 },
} as const;
export type PushCode = keyof typeof pushCodes;

/**
 * Event names that only Downlink sends: a push with such a name could forge a notice. Names of planned frames are
 * reserved as well.
 */
const reservedEventNames: ReadonlySet<string> = new Set([
  "connetResp",
  "loginRoomResp",
  "leaveRoomResp",
  "publishResp",
  "ackResp",
  "replayResp",
  "refreshResp",
  "heartbeatResp",
  "errorResp",
  "probe",
  "bye",
  "delivered",
]);

/** Whether only Downlink may send this event name. Names that start with `@` are reserved for future use. */
export const isReservedEventName = (name: string) => name.startsWith("@") || reservedEventNames.has(name);

/** The event that `listen(callback)` listens to, because the call has no event name. */
export const defaultEventName = "downmsg";
