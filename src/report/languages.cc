// SPDX-License-Identifier: Apache-2.0
#include "report/languages.h"

namespace penstock::report {
namespace {

// One language after the other; clang-format would give each word a line.
// clang-format off
constexpr std::string_view kFailureSubjects[] = {
    "unzustellbar", "zustellfehler", "zustellungsfehler", "zustellung fehlgeschlagen", "nicht zugestellt",
    "nicht zustellbar", "nicht ausgeliefert",
    "non remis", "non distribu", "non delivr", "echec de", "echec d'envoi", "retour a l'expediteur",
    "n'a pas pu etre remis",
    "no se puede entregar", "no se ha podido entregar", "no se pudo entregar", "no entregado", "no entregable",
    "error de entrega", "error en la entrega", "fallo de entrega", "fallo en la entrega", "entrega fallida",
    "mensaje devuelto", "correo devuelto",
    "no s'ha pogut lliurar",
    "non recapitabile", "mancato recapito", "mancata consegna", "consegna non riuscita", "impossibile consegnare",
    "impossibile recapitare", "non e stato consegnato", "recapito non riuscito",
    "nao entregue", "nao foi poss", "nao foi entregue", "falha na entrega", "falha de entrega", "falha ao entregar",
    "erro de entrega", "erro na entrega", "devolucao de mensagem", "nao pode ser entregue",
    "onbestelbaar", "bezorging mislukt", "niet bezorgd", "niet afgeleverd", "niet worden bezorgd",
    "aflevering mislukt",
    "niedostarcz", "nie dostarczon", "nie mozna dostarczyc", "niedorecz", "nie doreczon", "zwrot wiadomosci",
    "zwrocona do nadawcy", "blad doreczenia",
    "nedorucen", "nedorucitel", "nelze dorucit", "nedoruc", "doruceni se nezdarilo",
    "kezbesithetetlen", "kezbesitesi hiba", "sikertelen kezbesites", "nem kezbesitheto",
    "mesaj nelivrat", "nelivrabil", "livrarea a eșuat", "livrare eșuata", "nu a putut fi livrat",
    "isporuka nije", "neisporucen", "nije moguce isporuciti", "nedostavljiv", "ni bilo mogoce dostaviti",
    "neuspela dostava",
    "kan inte levereras", "kunde inte levereras", "leveransfel", "olevererbart", "inte levererat", "oleverbar",
    "ikke leveret", "kan ikke leveres", "kunne ikke leveres", "leveringsfejl", "ikke levert", "leveringsfeil",
    "levering mislyktes",
    "ei voi toimittaa", "ei voitu toimittaa", "toimitus epaonnistui", "toimittaminen epaonnistui",
    "kohaletoimetamine", "nepiegadat", "nepristatyt", "nepavyko pristatyti",
    "teslim edilemedi", "iletilemedi", "teslim edilemeyen", "teslimat basarisiz",
    "αποτυχια παραδοσησ", "δεν παραδοθηκε", "μη παραδοτεο",
    "недоставлен", "не доставлен", "недоставка", "недоставл", "не может быть доставлен", "не удалось доставить",
    "ошибка доставки", "сбой доставки", "невозможно доставить", "возврат почты",
    "не вдалося доставити", "помилка доставки", "неуспешна доставка",
    "לא נמסר", "מסירה נכשלה", "تعذر تسليم", "فشل تسليم", "فشل التسليم",
    "khong gửi dược", "khong thể gửi", "gagal terkirim", "tidak terkirim", "gagal mengirim", "ส่งไม่สำเร็จ",
    "退信", "无法投递", "未能送达", "无法送达", "投递失败", "发送失败", "退回", "未送达", "無法傳遞", "無法投遞", "投遞失敗", "傳送失敗", "未傳遞",
    "配信不能", "配信でき", "配信失敗", "配信エラー", "配達でき", "配達不能", "送信でき", "送信失敗", "送信エラー", "メールエラー", "エラーメール", "届けられません", "不達",
    "반송", "배달", "전송 실패", "전달 실패", "발송 실패", "전송하지"};

constexpr std::string_view kFailures[] = {
    "unzustellbar", "nicht zugestellt", "nicht zustellbar", "konnte nicht", "konnten nicht", "nicht erreicht",
    "nicht ausgeliefert", "zustellung ist fehlgeschlagen", "zustellung fehlgeschlagen", "nicht gefunden",
    "existiert nicht", "unbekannter empfanger", "abgelehnt",
    "n'a pas pu", "n'a pu etre", "n'ont pu etre", "n'ont pas pu", "non remis", "pas ete remis", "pas ete distribue",
    "n'a pas ete", "n'a pas atteint", "n'existe pas", "a echoue", "impossible de remettre", "impossible de delivrer",
    "boite pleine", "boite aux lettres pleine",
    "no se pudo entregar", "no se ha podido", "no se puede entregar", "no pudo ser entregado", "no ha podido",
    "no fue entregado", "no ha sido entregado", "no existe", "error al entregar", "no se ha entregado",
    "buzon lleno",
    "no s'ha pogut",
    "non e stato possibile", "non recapitabile", "non e stato consegnato", "non e stato recapitato",
    "impossibile consegnare", "impossibile recapitare", "non puo essere", "non esiste", "casella piena",
    "consegna non riuscita",
    "kan niet worden bezorgd", "niet worden bezorgd", "kon niet worden", "niet bezorgd", "niet afgeleverd",
    "bestaat niet", "is mislukt", "kan niet worden afgeleverd",
    "nao foi possivel", "nao pode ser", "nao foi entregue", "nao existe", "falha na entrega", "caixa cheia",
    "nao puderam ser",
    "nie mozna dostarczyc", "nie mogl", "nie zostala dostarczona", "nie udalo sie dostarczyc", "nie istnieje",
    "nie dostarczono",
    "kunde inte levereras", "gick inte att leverera", "kunde inte skickas", "har inte levererats", "finns inte",
    "kunne ikke leveres", "kunne ikke afleveres", "blev ikke leveret", "ble ikke levert", "findes ikke",
    "finnes ikke", "kan ikke leveres",
    "ei voitu toimittaa", "ei voi toimittaa", "toimitus epaonnistui", "ei onnistunut",
    "nelze dorucit", "nebylo mozne dorucit", "nebylo mozno dorucit", "nebyla dorucena", "neexistuje",
    "nie je mozne dorucit", "nebolo mozne dorucit",
    "nem sikerult kezbesiteni", "nem kezbesitheto", "nem lehetett kezbesiteni",
    "nu a putut fi livrat", "nu au putut fi", "nu exista",
    "nije moguce isporuciti", "nije isporucen", "ni bilo mogoce dostaviti",
    "nebija iespejams piegadat", "nepavyko pristatyti", "ei saanud kohale toimetada",
    "teslim edilemedi", "teslim edilemiyor", "iletilemedi", "gonderilemedi",
    "δεν ηταν δυνατη", "δεν παραδοθηκε", "δεν υπαρχει", "απετυχε",
    "не может быть доставлен", "не было доставлено", "не удалось доставить", "недостав", "не доставлен",
    "не могло быть", "невозможно доставить", "не существует", "не найден", "ящик переполнен",
    "не вдалося доставити", "не існує", "не може бути доставлен", "не можа да бъде",
    "לא ניתן היה", "לא נמסר", "تعذر تسليم", "لم يتم تسليم",
    "khong thể gửi", "khong gửi dược", "tidak dapat dikirim", "gagal dikirim", "ไม่สามารถส่ง",
    "无法投递", "无法送达", "未能送达", "退信", "投递失败", "被退回", "发送失败", "拒收", "無法傳送", "無法傳遞", "無法投遞", "無法送達", "投遞失敗",
    "送信できません", "配信できません", "配信できな", "お届けできません", "届けることができません", "配信不能", "送信できな", "配達できません", "配信に失敗", "送信に失敗", "届きません",
    "배달되지", "배달하지", "전송하지", "전송되지", "전달하지", "전달되지", "반송되"};

// Subjects quote that of the message, so short words that others begin with stand with their neighbours here.
constexpr std::string_view kDelaySubjects[] = {
    "verzogert", "verzogerung", "retardee", "retard de ", "en retard", "remise differee", "message differe ",
    "envoi differe ", "distribution differee", "retrasad", "retraso", "demora na ", "demora en ", "ritardat", "ritardo",
    "atrasad", "atraso na ", "vertraag", "opozni", "zpozd", "oneskor", "kesleltet", "kesedelem", "intarzi", "forsen",
    "fordroj", "forsink", "viivast", "gecik", "καθυστερηση", "задерж", "отложен", "затрим", "延迟", "延遲", "遅延", "遅れ",
    "지연"};

constexpr std::string_view kDelays[] = {
    "noch nicht zugestellt", "noch nicht ausgeliefert", "wird weiter versucht", "zustellversuche werden fortgesetzt",
    "weitere zustellversuche",
    "n'a pas encore ete", "sera retente", "tentatives de remise continuent", "aun no se ha entregado",
    "todavia no se ha", "se seguira intentando",
    "non e stato ancora", "non e ancora stato", "ainda nao foi entregue", "continuara tentando", "nog niet bezorgd",
    "nog niet worden bezorgd",
    "jeszcze nie zostala", "har annu inte levererats", "er endnu ikke", "er enna ikke", "ei ole viela toimitettu",
    "zatim nebyla dorucena",
    "попытки доставки будут", "еще не доставлен", "будет предпринята повторная", "尚未送达", "继续尝试", "再試行", "再送を試み",
    "다시 시도"};

constexpr std::string_view kAutoSubjects[] = {
    "abwesenheit", "abwesend", "automatische antwort", "automatische ruckantwort", "automatische ruckmeldung",
    "automatisch generierte antwort", "autoantwort", "auto-antwort", "nicht im buro", "nicht im haus",
    "bin im urlaub", "im urlaub", "urlaub vom", "urlaub bis", "eingangsbestatigung",
    "reponse automatique", "reponse auto", "absence du bureau", "absent du bureau", "absente du bureau",
    "message d'absence", "avis d'absence", "absence :", "absence temporaire", "en conge", "je suis absent",
    "accuse de reception automatique",
    "respuesta automatica", "respuesta automatizada", "auto-respuesta", "autorespuesta", "fuera de la oficina",
    "fuera de oficina", "ausente de la oficina", "mensaje de ausencia", "estoy de vacaciones",
    "contestacion automatica",
    "resposta automatica", "fora de l'oficina",
    "risposta automatica", "fuori sede", "fuori ufficio", "fuori dall'ufficio", "assente dall'ufficio",
    "assenza dall'ufficio", "messaggio di assenza", "autorisponditore", "sono in ferie",
    "auto-resposta", "autorresposta", "fora do escritorio", "ausencia do escritorio", "ausencia temporaria",
    "ausente do escritorio", "mensagem de ausencia", "estou de ferias", "mensagem automatica",
    "automatisch antwoord", "automatische beantwoording", "automatische reactie", "automatisch bericht", "afwezig",
    "niet op kantoor", "buiten kantoor",
    "automatyczna odpowied", "odpowiedz automatyczna", "autoodpowied", "nieobecnosc", "nieobecny w biurze",
    "poza biurem", "jestem na urlopie",
    "automaticka odpoved", "mimo kancelar", "nepritomnost",
    "automatikus valasz", "automatikus uzenet", "hazon kivul", "irodan kivul",
    "raspuns automat", "in afara biroului", "absent din birou",
    "automatski odgovor", "samodejni odgovor", "izvan ureda", "odsoten",
    "autosvar", "automatiskt svar", "automatisk svar", "automatsvar", "franvaro", "inte pa kontoret", "pa semester",
    "fravar", "ikke pa kontoret", "ikke til stede", "pa ferie",
    "automaattinen vastaus", "automaattivastaus", "poissa toimistosta", "poissaolo", "lomavastaaja",
    "automaatvastus", "automatiska atbilde", "automatinis atsakymas", "automatiskas atsakymas",
    "otomatik yanit", "otomatik cevap", "ofis disinda", "isyeri disinda",
    "αυτοματη απαντηση", "εκτοσ γραφειου",
    "автоответ", "автоматический ответ", "автоматическое сообщение", "автоматическое уведомление",
    "отсутствую на рабочем", "нет на работе", "в отпуске",
    "автоматична відповідь", "автовідповід", "автоматичен отговор", "автоматски одговор", "аўтаматычны адказ",
    "תשובה אוטומטית", "מענה אוטומטי", "מחוץ למשרד", "رد تلقائي", "الرد التلقائي", "خارج المكتب", "پاسخ خودکار",
    "trả lời tự dộng", "phản hồi tự dộng", "vắng mặt", "balasan otomatis", "jawapan automatik", "di luar kantor",
    "ตอบกลับอัตโนมัติ", "ตอบอัตโนมัติ", "स्वचालित उत्तर",
    "自动回复", "自动答复", "自动应答", "自動回覆", "自動答覆", "自動回复", "不在办公室", "休假中",
    "自動返信", "自動応答", "自動回答", "不在通知", "不在のお知らせ", "不在連絡", "不在です", "休暇中",
    "자동 회신", "자동회신", "자동 응답", "자동응답", "자동 답장", "부재중", "부재 중"};

constexpr std::string_view kDaemons[] = {
    "system-administrator", "systemadministrator", "administrateur systeme", "administrador del sistema",
    "administrador do sistema", "amministratore di sistema", "administrator systemu", "systeembeheerder",
    "jarjestelmanvalvoja", "spravce systemu", "sistem yoneticisi", "системный администратор", "системный админ",
    "系统管理员", "系統管理員", "システム管理者", "시스템 관리자",
    "zustellsystem", "postbezorging", "systeme de messagerie", "sistema de correo", "sistema di posta",
    "почтовая система"};
// clang-format on

}  // namespace

Words failure_subjects_abroad() {
  return kFailureSubjects;
}
Words failures_abroad() {
  return kFailures;
}
Words delay_subjects_abroad() {
  return kDelaySubjects;
}
Words delays_abroad() {
  return kDelays;
}
Words auto_subjects_abroad() {
  return kAutoSubjects;
}
Words daemons_abroad() {
  return kDaemons;
}

}  // namespace penstock::report
