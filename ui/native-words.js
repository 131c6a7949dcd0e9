// The words of notifications and of the tray's menu, which the core draws: templates whose placeholders it fills in.
import { t } from "./i18n.js";

/** @returns {import("./types.d.ts").Words} */
export const nativeWords = () => ({
  calling: t("incoming.title"),
  video_call: t("incoming.video"),
  voice_call: t("incoming.voice"),
  accept: t("incoming.accept"),
  accept_voice: t("incoming.accept_voice"),
  decline: t("incoming.decline"),
  calling_too: t("waiting.title"),
  during: t("waiting.during"),
  hold_and_accept: t("waiting.hold"),
  end_and_accept: t("waiting.accept"),
  later: t("incoming.later"),
  remind: t("history.call_back"),
  free: t("words.free"),
  missed_one: t("ended.missed"),
  missed_many: t("words.missed_many"),
  call_back: t("words.call_back"),
  call: t("person.call_name"),
  open: t("words.open"),
  missed: t("words.missed"),
  quiet: t("words.quiet"),
  quiet_until: t("words.quiet_until"),
  quiet_hour: t("words.quiet_hour"),
  quiet_tomorrow: t("words.quiet_tomorrow"),
  quiet_off: t("words.quiet_off"),
  quit: t("words.quit"),
});
