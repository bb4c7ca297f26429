import db from "dynalite/db/index.js";
import deleteItem from "dynalite/validations/deleteItem.js";
import putItem from "dynalite/validations/putItem.js";
import updateItem from "dynalite/validations/updateItem.js";

let taught = false;

/**
 * Teaches dynalite `ReturnValuesOnConditionCheckFailure: ALL_OLD`, which it does not know: whoever is refused by a
 * condition gets the item that stood in the way. It has to happen inside of dynalite, while it holds the item's lock:
 * an item that is read afterwards may be another one.
 */
export function returnRefusedItem(): void {
  if (taught) return;
  taught = true;
  for (const { types } of [deleteItem, putItem, updateItem]) types.ReturnValuesOnConditionCheckFailure = "String";
  const { checkConditional } = db;
  db.checkConditional = (request, item) => {
    const refusal = checkConditional(request, item);
    if (refusal && item && request.ReturnValuesOnConditionCheckFailure === "ALL_OLD") refusal.body.Item = item;
    return refusal;
  };
}
