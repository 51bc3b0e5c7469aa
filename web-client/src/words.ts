// What the page says, in both languages. A sentence that lacks one does not compile.

import type { Language } from "./session";

const say = (en: string, zh: string) => ({ en, "zh-CN": zh });

export const words = {
  // the frame
  pageTitle: say("Your form", "您的表单"),
  language: say("Language", "语言"),
  step: say("Step {at} of {of}", "第 {at} 步，共 {of} 步"),
  waiting: say(
    "No connection just now. Nothing is lost; this goes on by itself once it is back.",
    "目前没有连接。不会丢失任何内容；恢复后会自动继续。",
  ),
  begin: say("Begin", "开始"),
  goOn: say("Go on with my PIN", "用 PIN 码继续"),
  next: say("Next", "下一步"),
  back: say("Back", "返回"),
  again: say("Try again", "重试"),
  print: say("Print", "打印"),

  // who asks, and why
  loading: say("Opening your link…", "正在打开您的链接……"),
  loadingNote: say("This takes a moment on a slow connection.", "网络较慢时需要片刻。"),
  asks: say("asks you to fill in this form, by yourself and in your own time.", "请您独自填写此表单，不必着急。"),
  foreign: say("The form itself is not available in English.", "此表单本身没有中文版本。"),
  who: say("Who asks", "由谁询问"),
  readers: say("Who can read your answers", "谁能读取您的答复"),
  kept: say("What is asked, why, and how long it is kept", "询问什么、为何询问、保存多久"),
  keptFor: say("Kept for {time} after the end of the counseling.", "咨询结束后保存 {time}。"),
  privateTitle: say("What stays private, and what cannot be promised", "哪些内容保密，哪些无法保证"),
  privateReaders: say(
    "Your answers are encrypted on this device before they leave it. Whoever runs the server cannot read them.",
    "您的答复在离开本设备之前就已加密。服务器的管理者无法读取。",
  ),
  privatePartner: say("Your partner has another link, and sees nothing of yours there.", "您的伴侣使用另一个链接，在那里看不到您的任何内容。"),
  privateDevice: say(
    "Nothing that you write stays on this device. The browser's history may still show the link; without your PIN it shows nothing of yours.",
    "您填写的内容不会留在本设备上。浏览器的历史记录中可能仍有此链接；没有您的 PIN 码，它不会显示您的任何内容。",
  ),
  privateHost: say(
    "What no page can promise: whoever breaks into the server could change this page, and read what is typed from then on. If you would rather not type something here, tell your counselor in person.",
    "任何网页都无法保证的是：入侵服务器的人可能更改此页面，并读取此后输入的内容。若有不愿在此输入的内容，请当面告诉您的咨询师。",
  ),
  until: say("You can answer until {time}, and stop and go on whenever you like.", "您可作答至 {time}，可随时暂停和继续。"),
  wasBegun: say("Somebody began to answer through this link. What was written opens with their PIN.", "已有人通过此链接开始作答。凭其 PIN 码可打开已填写的内容。"),
  wasSent: say("Answers were sent through this link. What was sent opens with the PIN of whoever sent it.", "已有人通过此链接发送答复。凭发送者的 PIN 码可查看所发送的内容。"),

  // the PIN
  choosePin: say("Choose a PIN", "设置 PIN 码"),
  pinWhy: say(
    "It locks what you write. With this link and the PIN you can stop and go on later, on another phone too, and see afterwards what you sent.",
    "它锁住您填写的内容。凭此链接和 PIN 码，您可以暂停、稍后继续（也可在另一部手机上），之后还能查看所发送的内容。",
  ),
  pinLost: say("Six digits or more that nobody would guess. Nobody can reset it for you, so note it where only you find it.", "六位或更多他人猜不到的数字。没有人能替您重置，请记在只有您能找到的地方。"),
  pin: say("PIN", "PIN 码"),
  pinAgain: say("The same PIN again", "再次输入 PIN 码"),
  pinDiffers: say("The two are not the same. Type the second one again.", "两次输入不同。请重新输入第二次。"),
  enterPin: say("Enter your PIN", "请输入 PIN 码"),
  pinAsk: say("The PIN that was chosen when this link was used first.", "首次使用此链接时设置的 PIN 码。"),
  pinTries: say("Tries left: {left}", "剩余尝试次数：{left}"),
  working: say("Working out your key. This takes a few seconds…", "正在计算您的密钥，需要几秒钟……"),

  // consents and questions
  consents: say("What you agree to", "您的同意"),
  consentsNote: say("Each on its own: one does not depend on another. You can withdraw later, through this same link.", "请逐项选择，彼此独立。以后可通过同一链接撤回。"),
  version: say("version {version}", "版本 {version}"),
  agree: say("Yes, I agree", "是，我同意"),
  disagree: say("No", "否"),
  required: say("needed", "必填"),
  requiredMany: say("needed; choose all that apply", "必填，可多选"),
  optional: say("if you like", "选填"),
  why: say("Why we ask:", "询问原因："),
  yes: say("Yes", "是"),
  no: say("No", "否"),
  other: say("Something else", "其他"),
  addOne: say("Add another", "再添加一项"),
  removeOne: say("Remove", "移除"),
  clear: say("No answer", "不作答"),
  saved: say("Saved, encrypted", "已加密保存"),
  saving: say("Saving…", "正在保存……"),
  unsaved: say("Not saved just now. You can go on, and send it all the same.", "暂时未能保存。您可以继续填写，仍可发送。"),
  wrong: say("Please look at these once more:", "请再看一下这些项目："),
  crisis: say(
    "If you are in danger or think of harming yourself, do not wait for an answer to this form: call your local emergency number now.",
    "如果您有危险或有伤害自己的念头，请不要等待此表单的回复：请立即拨打当地急救电话。",
  ),

  // review, signature, receipt
  review: say("Read it once more", "请再读一遍"),
  reviewNote: say("Nothing was sent yet. Change whatever you like.", "尚未发送任何内容。您可以随意修改。"),
  reviewed: say("This is right", "内容无误"),
  change: say("Change something", "修改"),
  nothing: say("no answer", "未作答"),
  sign: say("Sign and send", "签署并发送"),
  signNote: say("With the button below you sign your answers and consents, and send them.", "点击下方按钮，即表示您签署答复与同意，并将其发送。"),
  signedBy: say("How it is signed", "如何签署"),
  signedByNote: say("With a key that this link and your PIN open together.", "使用由此链接与您的 PIN 码共同打开的密钥。"),
  afterwardsTitle: say("Afterwards", "之后"),
  afterwardsNote: say("Through this link you can see what you sent, withdraw a consent, and ask for a copy or for erasure.", "通过此链接，您可以查看所发送的内容、撤回同意、索取副本或请求删除。"),
  send: say("Sign and send", "签署并发送"),
  sending: say("Sending. Leave this page open; it goes on until it is done…", "正在发送。请保持此页面打开，直到完成……"),
  receipt: say("Thank you. It was sent.", "谢谢，已发送。"),
  receiptNote: say("It is stored safely. This is your receipt; it holds none of your answers.", "内容已安全保存。这是您的回执，其中不含您的任何答复。"),
  what: say("What", "内容"),
  kindAnswers: say("Answers, signed", "已签署的答复"),
  kindWithdraw: say("A consent withdrawn", "撤回同意"),
  kindCopy: say("A copy asked for", "索取副本"),
  kindErase: say("Erasure asked for", "请求删除"),
  time: say("Received", "收到时间"),
  entry: say("Place in the practice's ledger", "在机构账本中的位置"),
  entryOf: say("entry {entry}, of {size}", "条目 {entry}，共 {size} 条"),
  number: say("Number", "编号"),
  ledger: say("Ledger", "账本"),
  qr: say("QR code of the page that checks this receipt", "用于核对此回执的页面的二维码"),
  qrNote: say("Scan it to check this receipt at any time.", "扫描即可随时核对此回执。"),
  checkIt: say("Check it now", "立即核对"),
  leaving: say("Before you go", "离开之前"),
  leavingLater: say("Keep the message with the link: it is the way back to what you sent.", "请保留带有链接的消息：它是您查看所发送内容的途径。"),
  leavingShared: say("If others use this device, close this page now. Nothing of yours is left on it.", "如果他人也使用此设备，请现在关闭此页面。设备上不会留下您的任何内容。"),

  // afterwards
  youSent: say("What you sent", "您发送的内容"),
  yourAnswers: say("Your answers", "您的答复"),
  afterwards: say("What you can do", "您可以"),
  afterwardsHint: say("The practice's answer appears here, when you open this link again.", "机构的答复会在您再次打开此链接时显示在这里。"),
  sendAgain: say("Send a changed version", "发送修改后的版本"),
  withdraw: say("Withdraw this consent", "撤回此项同意"),
  copy: say("Ask for a copy", "索取副本"),
  erase: say("Ask for erasure", "请求删除"),
  leaveIt: say("Leave it as it is", "保持不变"),
  sureWithdraw: say("The practice will be told at once that you no longer agree to this.", "机构会立即得知您不再同意此项。"),
  sureCopy: say("The practice will be asked for a copy of what you sent. It arrives here, and only your PIN opens it.", "将向机构索取您所发送内容的副本。副本会送达此处，只有您的 PIN 码能打开。"),
  sureErase: say("The practice will be asked to erase what you sent. What is erased cannot be brought back.", "将请求机构删除您所发送的内容。删除后无法恢复。"),
  toldWithdraw: say("Withdrawn. The practice is told.", "已撤回，机构会得知。"),
  toldCopy: say("Asked for. The copy will be here once the practice has answered.", "已索取。机构答复后，副本会显示在这里。"),
  toldErase: say("Asked for. The practice's answer will be here.", "已请求。机构的答复会显示在这里。"),
  replies: say("What the practice answered", "机构的答复"),
  replyDone: say("It was seen to.", "已处理。"),
  replyErased: say("What you sent was erased, by entry {entry} of the practice's ledger.", "您发送的内容已被删除，由机构账本的条目 {entry} 下令。"),
  replyCopy: say("A copy of what you sent on {time}", "您于 {time} 发送内容的副本"),
  erasedTitle: say("What you sent was erased", "您发送的内容已被删除"),

  // a receipt is checked
  checking: say("Checking the receipt…", "正在核对回执……"),
  checked: say("This receipt is genuine", "此回执属实"),
  checkFailed: say("This receipt could not be confirmed", "无法确认此回执"),
  checkSigned: say("The ledger's key signed a ledger of {size} entries, which reaches past entry {entry}.", "账本密钥签署了含 {size} 个条目的账本，其范围包含条目 {entry}。"),
  checkLink: say("The entry was signed through the intake link itself.", "该条目由登记链接本身签署。"),
  checkIncluded: say("The server proves that this very entry {entry} stands in that ledger.", "服务器证明该条目 {entry} 确实位于该账本中。"),
  checkStill: say("It still does: the ledger of today, {size} entries, begins with that one.", "至今依然如此：现在的账本共 {size} 条，以当时的账本开头。"),
  checkKey: say("Key of the ledger; the practice can tell you whether it is theirs:", "账本密钥；机构可告知您这是否属于他们："),
  checkLimits: say("A receipt shows that something was sent and is kept. It does not show what was written, or by whom.", "回执表明有内容已发送并保存。它不显示所写内容，也不显示由谁所写。"),

  // what can be wrong
  trouble: say("This does not work just now", "暂时无法继续"),
  unsupportedTitle: say("Please use another browser", "请使用其他浏览器"),
  unsupported: say(
    "This browser cannot encrypt here: WebAssembly is switched off. Open the link in another browser, or switch lockdown mode off for this page.",
    "此浏览器无法在此加密：WebAssembly 已关闭。请在其他浏览器中打开链接，或对此页面关闭锁定模式。",
  ),
  notALink: say("This page needs the link that was sent to you. Open it again from the message, whole.", "此页面需要发送给您的链接。请从消息中重新完整打开。"),
  truncated: say("This link is not whole. Copy it again from the message, to its very end.", "此链接不完整。请从消息中重新复制，直到末尾。"),
  newer: say("This is newer than this page. Reload it, or ask for a new link.", "此内容比本页面更新。请重新加载，或索取新的链接。"),
  notBehind: say(
    "This server does not show what your link leads to. Either the link was altered, or the server is not to be trusted. Nothing was sent. Ask for a new link, by telephone or in person.",
    "此服务器显示的并非您的链接所指内容。链接被改动，或服务器不可信。未发送任何内容。请通过电话或当面索取新链接。",
  ),
  erased: say("What this link led to was erased. If you still want to answer, ask for a new link.", "此链接所指内容已被删除。如仍希望作答，请索取新的链接。"),
  expired: say("The time to answer through this link is over. Nothing is wrong on your side: ask whoever sent it for a new one.", "此链接的作答时间已过。这不是您的问题：请向发送者索取新的链接。"),
  revoked: say("This link was closed by the practice. Ask whoever sent it for a new one.", "机构已关闭此链接。请向发送者索取新的链接。"),
  used: say("This link was used already, and takes answers once. If that was not you, tell the practice. To answer again, ask for a new link.", "此链接已被使用，且只接受一次作答。如果不是您本人所为，请告知机构。如需再次作答，请索取新的链接。"),
  unknown: say("This server knows no such link. Open it again from the message, whole, or ask for a new one.", "此服务器没有这样的链接。请从消息中重新完整打开，或索取新的链接。"),
  closed: say("This link takes no answers any more. Ask for a new one.", "此链接不再接受作答。请索取新的链接。"),
  wrongPin: say("This is not the PIN. Tries left: {left}.", "PIN 码不正确。剩余尝试次数：{left}。"),
  noTries: say("The PIN was tried too often; this link opens nothing any more. Ask for a new link.", "PIN 码尝试次数过多，此链接已无法打开。请索取新的链接。"),
  pinShort: say("Use at least six digits or letters.", "至少使用六位数字或字母。"),
  pinLong: say("Use at most 64 digits or letters.", "最多使用 64 位数字或字母。"),
  pinPredictable: say("This PIN would be tried first. Do not repeat one digit or count up or down.", "这个 PIN 码会最先被猜到。请勿使用重复或连续的数字。"),
  memory: say("There is not enough free memory. Close other pages and try again.", "可用内存不足。请关闭其他页面后重试。"),
  tooLong: say("What you wrote is too long to be sent. Shorten the longest answer.", "内容过长，无法发送。请缩短最长的答复。"),
  busy: say("The server cannot take it just now. Try again in a while; nothing is lost.", "服务器暂时无法接收。请稍后重试；不会丢失任何内容。"),
  strange: say("Something went wrong that this page does not know. Nothing was lost; try again.", "出现未知问题。未丢失任何内容；请重试。"),
  receiptNone: say("This page checks a receipt, and there is none in its address. Scan the code on the receipt, or open its link.", "此页面用于核对回执，但地址中没有回执。请扫描回执上的二维码，或打开其链接。"),
  receiptTruncated: say("This receipt is not whole. Copy its link again, to its very end.", "此回执不完整。请重新复制其链接，直到末尾。"),
  receiptAltered: say("This receipt was altered or made up: what it says was never signed like this.", "此回执被改动或伪造：其内容从未被如此签署。"),
  receiptUnknown: say("This server keeps no such ledger. Was the receipt made by another server?", "此服务器没有这样的账本。回执是否由其他服务器签发？"),
  receiptOtherLedger: say("The ledger on this server is signed with another key than the receipt. Keep the receipt, and ask the practice.", "此服务器上的账本与回执使用的密钥不同。请保留回执，并询问机构。"),
  receiptShorter: say("The ledger on this server is shorter than it was when you sent your answers: entries are gone or hidden. Keep the receipt, and tell the practice.", "此服务器上的账本比您发送时更短：有条目丢失或被隐藏。请保留回执，并告知机构。"),
  receiptNotInIt: say("The server does not prove that this entry is in its ledger. Keep the receipt, and tell the practice.", "服务器未能证明该条目在其账本中。请保留回执，并告知机构。"),
};

export type Word = keyof typeof words;

export const text = (language: Language, word: Word, values: Record<string, string | number> = {}) =>
  words[word][language].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));

const known: Record<string, Word> = {
  "not-a-link": "notALink",
  truncated: "truncated",
  version: "newer",
  "not-behind-it": "notBehind",
  erased: "erased",
  expired: "expired",
  revoked: "revoked",
  used: "used",
  unsupported: "unsupported",
  "pin-short": "pinShort",
  "pin-long": "pinLong",
  "pin-predictable": "pinPredictable",
  memory: "memory",
  "too-long": "tooLong",
  busy: "busy",
  sealed: "notBehind",
  form: "notBehind",
  "receipt-none": "receiptNone",
  "receipt-truncated": "receiptTruncated",
  "receipt-altered": "receiptAltered",
  altered: "receiptAltered",
  "receipt-unknown": "receiptUnknown",
  "receipt-other-ledger": "receiptOtherLedger",
  "receipt-shorter": "receiptShorter",
  "receipt-not-in-it": "receiptNotInIt",
};
/** By the number of the rule that refuses. */
const refused: Record<string, Word> = { "47": "unknown", "41": "closed", "54": "noTries" };

/** The sentence for a word that an error is. */
export function trouble(language: Language, error: string): string {
  const [word = "", value = ""] = error.split(":");
  if (word === "wrong-pin") return value === "0" ? text(language, "noTries") : text(language, "wrongPin", { left: value });
  if (word === "refused") return text(language, refused[value] ?? "busy");
  return text(language, known[word] ?? "strange");
}

export const time = (language: Language, ms: number) =>
  new Intl.DateTimeFormat(language === "en" ? undefined : language, { dateStyle: "medium", timeStyle: "short" }).format(ms);

/** How long, as UCUM counts it. */
export function span(language: Language, [count, unit]: [number, string]): string {
  const names: Record<string, string> = { d: "day", mo: "month", a: "year" };
  return new Intl.NumberFormat(language, { style: "unit", unit: names[unit] ?? "day", unitDisplay: "long" }).format(count);
}
