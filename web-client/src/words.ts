// What the page says, in both languages. A sentence that lacks one does not compile.

import type { Language } from "./session";

const say = (en: string, zh: string) => ({ en, "zh-CN": zh });

export const words = {
  language: say("Language", "语言"),
  loading: say("Opening your link…", "正在打开您的链接……"),
  waiting: say("No connection just now. Nothing is lost; this goes on by itself.", "目前没有连接。不会丢失任何内容；恢复后会自动继续。"),
  asks: say("{practice} asks you to fill in this form.", "{practice} 请您填写此表单。"),
  who: say("Who asks", "由谁询问"),
  readers: say("Who can read your answers", "谁能读取您的答复"),
  readersNote: say(
    "Your answers are encrypted on this device. Whoever runs the server cannot read them, nor can your partner. A server that was broken into could swap this page and read what you type from then on.",
    "您的答复在本设备上加密。服务器的管理者无法读取，您的伴侣也无法读取。若服务器被入侵，此页面可能被替换，此后输入的内容可能被读取。",
  ),
  until: say("You can answer until {time}.", "您可作答至 {time}。"),
  begin: say("Begin", "开始"),
  next: say("Next", "下一步"),
  back: say("Back", "返回"),
  choosePin: say("Choose a PIN", "设置 PIN 码"),
  pinWhy: say(
    "With this link and the PIN you can go on later, on another phone too, and see afterwards what you sent. Nobody can reset it. Use six digits or more.",
    "凭此链接和 PIN 码，您可以稍后继续（也可在另一部手机上），之后还能查看所发送的内容。没有人能重置它。请使用六位或更多数字。",
  ),
  pin: say("PIN", "PIN 码"),
  pinAgain: say("The same PIN again", "再次输入 PIN 码"),
  pinDiffers: say("The two are not the same.", "两次输入不同。"),
  enterPin: say("Enter your PIN", "请输入 PIN 码"),
  pinTries: say("Tries left: {left}", "剩余尝试次数：{left}"),
  working: say("One moment…", "请稍候……"),
  consents: say("What you agree to", "您的同意"),
  consentsNote: say("Each on its own. You can withdraw later, through this link.", "逐项选择。以后可通过此链接撤回。"),
  form: say("Your answers", "您的答复"),
  required: say("required", "必填"),
  optional: say("not required", "选填"),
  why: say("Why: {purpose}", "用途：{purpose}"),
  kept: say("Kept for {time} after the end of the counseling.", "咨询结束后保存 {time}。"),
  yes: say("Yes", "是"),
  no: say("No", "否"),
  other: say("Other", "其他"),
  addOne: say("Add another", "再添加一项"),
  removeOne: say("Remove", "移除"),
  clear: say("No answer", "不作答"),
  saved: say("Saved", "已保存"),
  saving: say("Saving…", "正在保存……"),
  unsaved: say("Not saved: what you wrote is long. It can be sent all the same.", "未能保存：内容较长，但仍可发送。"),
  wrong: say("Please look at these answers again:", "请再次查看以下答复："),
  crisis: say(
    "If you are in danger or think of harming yourself, do not wait for an answer to this form: call your local emergency number now.",
    "如果您有危险或有伤害自己的念头，请不要等待此表单的回复：请立即拨打当地急救电话。",
  ),
  review: say("Read once more, then send", "请再读一遍，然后发送"),
  nothing: say("no answer", "未作答"),
  send: say("Sign and send", "签署并发送"),
  sending: say("Sending. You can leave this page open; it goes on until it is done.", "正在发送。请保持此页面打开，会持续到完成。"),
  receipt: say("Sent, and kept", "已发送并保存"),
  receiptNote: say("This is your receipt. Print it or write the numbers down.", "这是您的回执。请打印或记下这些数字。"),
  entry: say("Entry", "条目"),
  number: say("Number", "编号"),
  time: say("Time", "时间"),
  ledger: say("Ledger", "账本"),
  print: say("Print", "打印"),
  shared: say("If others use this device, close this page now. Nothing is left on it.", "如果他人也使用此设备，请现在关闭此页面。设备上不会留下任何内容。"),
  youSent: say("What you sent", "您发送的内容"),
  afterwards: say("What you can do now", "您现在可以"),
  withdraw: say("Withdraw my consent", "撤回我的同意"),
  copy: say("Ask for a copy", "索取副本"),
  erase: say("Ask for erasure", "请求删除"),
  sure: say("Are you sure? The practice will be told.", "您确定吗？机构会得知。"),
  asked: say("Done. The practice is told; its answer will be here.", "已完成。机构会得知，其答复会显示在这里。"),
  replies: say("What the practice answered", "机构的答复"),
  replyDone: say("It was seen to.", "已处理。"),
  replyErased: say("What you sent was erased, by entry {entry} of the practice's ledger.", "您发送的内容已被删除，由机构账本的条目 {entry} 下令。"),
  replyCopy: say("A copy of what you sent on {time}", "您于 {time} 发送内容的副本"),
  trouble: say("This does not work just now", "暂时无法继续"),
  again: say("Try again", "重试"),
  notALink: say("This page needs the link that was sent to you. Open it again from the message, whole.", "此页面需要发送给您的链接。请从消息中重新完整打开。"),
  truncated: say("This link is not whole. Copy it again from the message, to its very end.", "此链接不完整。请从消息中重新复制，直到末尾。"),
  version: say("This link is newer than this page. Ask for a new link.", "此链接比本页面更新。请索取新的链接。"),
  notBehind: say(
    "This server does not show what your link leads to. Either the link was altered, or the server is not to be trusted. Nothing was sent. Ask for a new link, by telephone or in person.",
    "此服务器显示的并非您的链接所指内容。链接被改动，或服务器不可信。未发送任何内容。请通过电话或当面索取新链接。",
  ),
  erased: say("What this link led to was erased.", "此链接所指内容已被删除。"),
  closed: say("This link takes no answers any more: it was used, has expired, or was closed. Ask for a new one.", "此链接不再接受作答：已使用、已过期或已关闭。请索取新的链接。"),
  wrongPin: say("This is not the PIN. Tries left: {left}.", "PIN 码不正确。剩余尝试次数：{left}。"),
  noTries: say("The PIN was tried too often; this link opens nothing any more. Ask for a new link.", "PIN 码尝试次数过多，此链接已无法打开。请索取新的链接。"),
  pinShort: say("Use at least six digits or letters.", "至少使用六位数字或字母。"),
  pinLong: say("Use at most 64 digits or letters.", "最多使用 64 位数字或字母。"),
  pinPredictable: say("This PIN would be tried first. Do not repeat one digit or count up or down.", "这个 PIN 码会最先被猜到。请勿使用重复或连续的数字。"),
  memory: say("There is not enough free memory. Close other pages and try again.", "可用内存不足。请关闭其他页面后重试。"),
  tooLong: say("What you wrote is too long to be sent. Shorten the longest answer.", "内容过长，无法发送。请缩短最长的答复。"),
  busy: say("The server cannot take it just now. Try again in a while; nothing is lost.", "服务器暂时无法接收。请稍后重试；不会丢失任何内容。"),
  strange: say("Something went wrong that this page does not know. Nothing was lost; try again.", "出现未知问题。未丢失任何内容；请重试。"),
};

export type Word = keyof typeof words;

export const text = (language: Language, word: Word, values: Record<string, string | number> = {}) =>
  words[word][language].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));

/** The sentence for a word that an error is. */
export function trouble(language: Language, error: unknown): string {
  const [word, value] = String(error).split(":");
  const known: Record<string, Word> = {
    "not-a-link": "notALink",
    truncated: "truncated",
    version: "version",
    "not-behind-it": "notBehind",
    erased: "erased",
    "pin-short": "pinShort",
    "pin-long": "pinLong",
    "pin-predictable": "pinPredictable",
    memory: "memory",
    "too-long": "tooLong",
    busy: "busy",
    sealed: "notBehind",
    form: "notBehind",
  };
  if (word === "wrong-pin") return value === "0" ? text(language, "noTries") : text(language, "wrongPin", { left: value ?? "" });
  if (word === "refused") return text(language, value === "47" || value === "41" ? "closed" : value === "54" ? "noTries" : "busy");
  return text(language, known[word ?? ""] ?? "strange");
}

export const time = (language: Language, ms: number) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(ms);

/** How long, as UCUM counts it. */
export function span(language: Language, [count, unit]: [number, string]): string {
  const names: Record<string, string> = { d: "day", mo: "month", a: "year" };
  return new Intl.NumberFormat(language, { style: "unit", unit: names[unit] ?? "day", unitDisplay: "long" }).format(count);
}
