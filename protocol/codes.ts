/**
 * Codes of replies and notices that pages receive in `data.code`.
 * 2001–2005, their event names and texts are a contract with pages already written: spelling included.
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

/** Texts that go with them; other codes carry a reason. */
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
 * Answers of `POST /push`: `RETURN_CODE` or `code`, with the HTTP status that goes with it.
 * 1xxx: the caller has to change something; 9xxx: the same request may be sent again.
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
 * Event names that only Downlink sends. A push that used one could forge a notice,
 * so names of frames that are planned are reserved before they exist.
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

/** `@…` is kept free for later. */
export const isReservedEventName = (name: string) => name.startsWith("@") || reservedEventNames.has(name);

/** What `listen(callback)` hears when no event is named. */
export const defaultEventName = "downmsg";
