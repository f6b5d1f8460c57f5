/**
 * Ordinary words of English, German and French for reading questions and passages: which mean the same, which carry
 * nothing, and what the answer to each kind of question looks like. Language knowledge only, about IT and offices.
 */

/** Lower case, accents off, and an umlaut the same whether written ü, ue or u. Everything below is compared folded. */
export function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[’‘`´]/gu, "'")
    .replace(/[‐‑–]/gu, '-')
    .replace(/ß/gu, 'ss')
    .replace(/œ/gu, 'o')
    .replace(/ae/gu, 'a')
    .replace(/(?<!\b[dg])oe/gu, 'o')
    .replace(/(?<![aeioq])ue/gu, 'u');
}

const ENDINGS: readonly string[] = ['issement', 'ement', 'ation', 'ment', 'ung', 'ion', 'ing', 'ed', 'er', 'en', 'em', 'es', 'ez', 'et', 'e', 's', 'n', 'x', 't'];

/** One light stemmer for three languages: wrong now and then, but wrong alike on both sides. */
export function root(word: string): string {
  const participle = /^(an|auf|aus|ab|ein|mit|vor|zu|zuruck|um|nach)?ge([a-z]{4,}(?:t|en))$/u.exec(word);
  let base = participle === null ? word : `${participle[1] ?? ''}${participle[2] ?? ''}`;
  base = base.replace(/([^aeiou])ies$/u, '$1y');
  for (let ending = endingOf(base); ending !== undefined; ending = endingOf(base)) base = base.slice(0, -ending.length);
  return base.replace(/([a-z])\1$/u, '$1');
}

/** So much must be left that "user" and "use" stay two words; a plural may leave less. */
function endingOf(word: string): string | undefined {
  return ENDINGS.find((ending) => word.endsWith(ending) && word.length - ending.length >= (ending === 's' ? 3 : 4) && !(ending === 's' && /[su]s$/u.test(word)));
}

/** Of several words, meant as one. Written folded. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\be-?mails?\b|\bcourriels?\b/gu, 'email'],
  [/\bwi-? ?fi\b|\bwireless (?:lan|network)\b|\breseau sans fil\b/gu, 'wifi'],
  [/\b(?:sign|log)(?:s|ged|ned|ging|ning|ing)?[ -]?(?:in|on)\b/gu, 'signin'],
  [/\b(?:two|multi|2|zwei|deux|mehr)[ -]?(?:factor|faktor|facteurs?|step|stufen)\w*(?:[ -]authenti\w+)?|\b(?:second|zweite[rn]?) fa[ck]tor\w*|\b(?:2fa|mfa)\b|\bdouble authentification\b/gu, 'mfa'],
  [/\bhome[ -]?office\b|\b(?:work|works|working) (?:from home|remotely)\b|\bremote work(?:ing)?\b|\btele-?travail\w*|\bmobile[sn]? arbeite?n?\b|\bvon (?:zu ?hause|daheim)\b|\bfrom home\b|\b(?:a|depuis) (?:la maison|domicile)\b|\bzu ?hause\b/gu, 'homeoffice'],
  [/\b(?:help|service)[ -]?desk\b|\bit[ -]?(?:support|helpdesk|team|abteilung|department)\b|\bsupport (?:it|informatique)\b|\bservice informatique\b/gu, 'servicedesk'],
  [/\bblu[ -]?screen\b|\bblauer bildschirm\b|\becran bleu\b/gu, 'bluescreen'],
  [/\bset(?:ting|s)?[ -]up\b/gu, 'setup'],
  [/\b(?:send|hand|give|bring|take|handed|giving|sent|given)(?:ing|s)? (?:(?:it|them|my|the|back) ){0,2}(?:\w+ )?(?:back|in)\b/gu, 'return'],
  [/\bout[ -]of[ -]office\b|\babwesenheits\w+|\bmessage d'absence\b/gu, 'outofoffice'],
  [/\bbusiness trips?\b|\bdienstreisen?\b|\bgeschaftsreisen?\b|\bvoyages? d'affaires\b|\bdeplacements? professionnels?\b/gu, 'travel'],
  [/\bhard (?:disk|drive)s?\b|\bdisqu?e? durs?\b/gu, 'harddisk'],
  [/\busb[ -]?sticks?\b|\bmemory sticks?\b|\bthumb drives?\b|\bflash drives?\b|\bcles? usb\b/gu, 'usbstick'],
  [/\bmots? de passe\b|\bpass ?words?\b/gu, 'password'],
  [/\bpieces? jointes?\b/gu, 'attachment'],
  [/\bordinateurs? portables?\b/gu, 'ordinateur'],
  [/\btelephones? portables?\b/gu, 'telephone'],
  [/\bparental leave\b|\bconge parental\b/gu, 'parentalleave'],
];

export function joined(folded: string): string {
  // "e-bike" and "ebike" are one word.
  return PHRASES.reduce((text, [pattern, word]) => text.replace(pattern, word), folded).replace(/\b([a-z])-(?=[a-z]{2})/gu, '$1');
}

/** Each line one meaning; the first word names it. */
const MEANINGS = `
  laptop notebook computer pc ordinateur rechner macbook portable machine poste surface thinkpad desktop
  device gerat appareil hardware equipment endgerat materiel
  phone mobile smartphone portable handy telephone telefon iphone mobiltelefon diensthandy cellphone cell mobil
  tablet ipad tablette
  screen monitor bildschirm ecran display moniteur
  wifi wlan wireless w-lan
  network netzwerk reseau netz lan
  internet web online
  printer drucker imprimante print drucken imprimer printing ausdruck ausdrucken impression
  headset kopfhorer casque headphone earphone ecouteur
  keyboard tastatur clavier
  mouse maus souris
  camera kamera webcam
  sound audio ton microphone mikrofon micro loudspeaker lautsprecher speaker haut-parleur hear horen entendre
  charger ladegerat netzteil chargeur power-supply ladekabel
  battery akku batterie accu
  cable kabel
  dock dockingstation docking station-d'accueil
  password passwort kennwort passcode passphrase
  pin code
  account konto compte benutzerkonto login
  signin anmelden anmeldung einloggen connexion sign-in angemeldet identifier
  mfa authenticator
  email mail mailbox postfach outlook inbox messagerie boite nachricht
  calendar kalender calendrier agenda
  meeting besprechung reunion call videokonferenz videoconference meetings sitzung konferenz
  room raum salle zimmer besprechungsraum
  file datei fichier document dokument
  folder ordner dossier verzeichnis
  share teilen partager freigeben freigabe partage shared sharing
  delete loschen supprimer erase geloscht suppression effacer
  restore wiederherstellen restaurer recover recovery wiederherstellung recuperer restored recovered restauration wiederhergestellt
  backup sicherung sauvegarde datensicherung
  store speichern stocker save storage speicher speicherplatz stockage enregistrer keep aufbewahren conserver retain kept retention aufbewahrung aufbewahrt gespeichert conservation saved archive
  install installieren installer installation installiert installed installe
  update aktualisieren aktualisierung upgrade mise-a-jour patch updates
  software programm application app logiciel anwendung programme tool
  licence license lizenz
  order bestellen commander bestellung commande request beantragen demander anfordern antrag demande buy kaufen acheter purchase beschaffung bestelle apply anfrage achat ordered requested
  cost kosten price preis prix cout kostet coute tarif fee gebuhr expense spesen frais charge ausgaben
  pay bezahlen zahlen payer payment zahlung bezahlt paiement paid ubernehmen
  reimburse erstatten rembourser refund erstattung remboursement ruckerstattung erstattet reimbursement reimbursed rembourse
  budget allowance zuschuss allocation pauschale forfait contribution subsidy
  lost verloren perdu loss lose losing verlieren perdre missing verlust perte misplaced
  stolen gestohlen vole theft diebstahl stole voler geklaut
  broken kaputt defekt casse defective damaged beschadigt damage panne schaden endommage cracked crack abime gebrochen hors-service faulty
  trouble problem fehler erreur error probleme issue storung fail fails failure fault funktioniert fonctionne nicht-geht fonctionner
  slow langsam lent lente lenteur
  freeze frozen eingefroren hang hangt bloque stuck gele
  locked gesperrt lock verrouille block sperren blocked bloquer sperre verrouiller
  unlock entsperren deverrouiller debloquer unblock freischalten entsperrung
  report melden signaler meldung meldet report notify declarer gemeldet signalement inform benachrichtigen prevenir
  return zuruckgeben retour zuruckbringen rendre zuruck ruckgabe restituer retourner abgeben
  replace ersetzen remplacer replacement ersatz remplacement austausch austauschen exchange ersatzgerat
  repair reparieren reparer reparatur reparation fix
  change andern wechseln changer modifier geandert andere anderung wechsel modification changed modify
  reset zurucksetzen reinitialiser zurucksetzung reinitialisation
  expire ablaufen expirer ablauf expiration lauft abgelaufen expiry
  connect verbinden connecter verbindung connection verbinde relier anschliessen angeschlossen brancher branche plug
  vpn tunnel
  homeoffice telearbeit
  abroad ausland etranger foreign overseas auslands
  country land countries lander spain spanien espagne italy italien italie france frankreich germany deutschland allemagne austria osterreich autriche switzerland schweiz suisse portugal greece griechenland grece usa amerika america canada kanada china india indien japan brazil turkey uk england
  guest gast visitor besucher visiteur invite gaste invites
  employee mitarbeiter employe staff angestellte collaborateur mitarbeitende personnel salarie
  manager vorgesetzte superieur chef boss supervisor responsable fuhrungskraft hierarchie
  colleague kollege collegue coworker kollegin
  contractor external externe prestataire dienstleister freelancer supplier lieferant fournisseur
  intern praktikant stagiaire trainee
  customer kunde client
  approve genehmigen approuver approval genehmigung freigabe approbation validation genehmigt bewilligen approves approved
  allowed erlaubt autorise permitted gestattet permis zulassig permission erlaubnis autorisation forbidden verboten interdit prohibited untersagt permit allow authorised
  private privat personal prive personnel personally eigenes privaten personnelle personal own
  travel reise reisen voyage trip deplacement journey
  train zug bahn tgv rail
  flight flug vol fly fliegen flights plane flugzeug avion
  hotel unterkunft hebergement accommodation ubernachtung
  car auto wagen voiture dienstwagen vehicle firmenwagen vehicule
  parking parkplatz parken stationnement garage
  bicycle fahrrad velo bike ebike
  holiday urlaub conge vacation ferien vacances leave conges
  sick krank malade illness krankheit maladie krankmeldung sickness ill krankgeschrieben
  salary gehalt salaire lohn pay-slip payslip gehaltsabrechnung
  invoice rechnung facture bill
  receipt beleg quittung recu justificatif belege
  contract vertrag contrat
  badge ausweis karte carte card pass zutrittskarte
  key schlussel cle
  door tur porte
  building gebaude batiment
  office buro bureau
  desk schreibtisch arbeitsplatz workplace tisch
  chair stuhl chaise fauteuil
  furniture mobel meuble mobilier
  canteen kantine cantine lunch mittagessen restaurant dejeuner
  signature unterschrift signieren signer sign unterschreiben
  encrypt verschlusseln chiffrer encryption verschlusselung chiffrement
  phishing hameconnage scam suspicious verdachtig suspect verdachtige
  virus malware ransomware schadsoftware trojan
  link lien url hyperlink
  attachment anhang piece-jointe anhange
  data daten donnees donnee
  confidential vertraulich confidentiel secret geheim sensitive
  customer-data personenbezogen
  security sicherheit securite
  ticket incident storungsmeldung
  form formular formulaire
  training schulung formation kurs course cours
  onboarding einarbeitung newcomer starter joiner
  leaving ausscheiden depart offboarding kundigung demission verlasst
  group gruppe groupe
  team equipe mannschaft
  department abteilung departement service-technique
  administrator admin adminrechte administrateur
  right recht droit rechte privilege
  access zugriff zugang acces
  limit grenze limite maximum hochstens maximal obergrenze plafond
  minimum mindestens minimal
  large gross grand big grosse size taille length lange longueur
  send senden envoyer schicken versenden sent envoi verschicken mail-out
  receive erhalten recevoir bekommen empfangen
  open offnen ouvrir offne
  close schliessen fermer
  start starten demarrer boot restart neustart redemarrer reboot neustarten hochfahren booten
  shutdown ausschalten herunterfahren eteindre
  record aufnehmen enregistrement recording aufzeichnen aufzeichnung aufnahme
  translate ubersetzen traduire
  write schreiben ecrire
  read lesen lire
  choose wahlen choisir select auswahlen
  create erstellen creer anlegen einrichten setup configure konfigurieren configurer parametrer setting einstellung
  add hinzufugen ajouter
  remove entfernen enlever retirer uninstall deinstallieren desinstaller
  move verschieben deplacer transfer umziehen ubertragen transferer
  copy kopieren copier kopie copie
  book buchen reserver reservation reservieren buchung booking
  cancel stornieren annuler absagen annulation storno
  extend verlangern prolonger extension verlangerung prolongation renew erneuern renouveler
  lend leihen preter borrow ausleihen emprunter loan verleihen
  sell verkaufen vendre
  dispose entsorgen recycler recycle entsorgung
  forget vergessen oublier forgot forgotten oublie
  wipe zurucksetzung-gerat loschung
  battery-low leer
  water wasser eau wet nass coffee kaffee liquid fluid spill spilled tea flussigkeit verschuttet renverse
  jam stau papierstau bourrage stuck steckt klemmt coince
  disappear disappeared vanish verschwunden verschwinden disparu disparaitre
  harddisk disk festplatte usbstick
  picture image bild foto photo bilder
  valid gultig valable validity gultigkeit
  parcel paket package colis packchen
  postpone delay defer aufschieben repousser
  hour stunde heure
  day tag jour
  week woche semaine
  month monat mois
  year jahr annee
  weekend wochenende
  night nacht nuit
  morning morgen matin
  emergency notfall urgence dringend urgent
  address adresse anschrift
  number nummer numero
  child kind enfant children kinder
  language sprache langue
  browser navigateur edge chrome firefox
  website webseite site seite page
  portal portail selfservice self-service intranet
  cloud onedrive sharepoint
  chat teams nachricht-chat
  invite einladen inviter einladung
  event veranstaltung evenement
  insurance versicherung assurance
  tax steuer impot
  pension rente retraite
  overtime uberstunden heures-supplementaires
  shipping versand livraison deliver liefern livrer delivery lieferung geliefert delivered
  stock lager
  wait warten attendre
  responsible zustandig verantwortlich charge-de
  new neu nouveau neue neuen neues nouvelle newest
  old alt vieux ancien alte alten altes ancienne
  company firm firma entreprise business unternehmen
`;

/** Things of which a sentence is about one or the other: what is so of one of them need not be so of its neighbour. */
const FAMILIES: readonly (readonly string[])[] = [
  ['laptop', 'phone', 'tablet', 'screen', 'printer', 'headset', 'keyboard', 'mouse', 'charger', 'badge', 'car', 'bicycle', 'chair'],
  ['windows', 'mac', 'linux', 'ios', 'android'],
  ['guest', 'contractor', 'intern', 'customer'],
  ['train', 'flight', 'hotel', 'car'],
  ['password', 'pin', 'badge', 'key', 'mfa'],
  ['install', 'remove'],
  ['locked', 'unlock'],
  ['lost', 'broken'],
  ['email', 'file', 'chat', 'calendar'],
  ['order', 'return', 'repair'],
  ['hotel', 'canteen', 'parking', 'training', 'chair'],
  ['new', 'old'],
  ['private', 'company'],
  ['holiday', 'sick', 'parentalleave', 'overtime'],
];

const RELATED: readonly (readonly string[])[] = [
  ['device', 'laptop'],
  ['device', 'phone'],
  ['device', 'tablet'],
  ['change', 'expire'],
  ['valid', 'expire'],
  ['screen', 'bluescreen', 'start'],
  ['store', 'delete', 'expire', 'backup'],
  ['delete', 'disappear', 'remove'],
  ['cost', 'pay', 'reimburse', 'budget'],
  ['repair', 'replace', 'broken'],
  ['lost', 'stolen'],
  ['locked', 'unlock', 'reset'],
  ['order', 'return'],
  ['install', 'software'],
  ['restore', 'backup', 'delete'],
  ['approve', 'allowed'],
  ['account', 'signin', 'password'],
  ['forget', 'reset', 'lost'],
  ['change', 'reset', 'replace'],
  ['network', 'wifi', 'internet'],
  ['share', 'send', 'access'],
  ['abroad', 'country', 'travel'],
  ['freeze', 'slow', 'start'],
  ['virus', 'phishing'],
];

/** Carry nothing in a question. What is empty in one language may be a thing in another: "car". */
const EMPTY: Readonly<Record<Language, string>> = {
  en: `
  a an the this that these those and or but if when whenever while because so than then as at by for from in into of off on onto out over to up with within without about after again before until during under between
  i me my mine we us our you your he him his she her it its they them their somebody someone anybody anyone something anything everything nothing one ones everyone
  am is are was were be been being do does did done doing have has had having can could may might must shall should will would ought
  what which who whom whose where why how there here not no nor never n't don't doesn't can't won't isn't didn't cannot i'm i've it's what's
  please hi hello hey dear thanks thank sorry just also too very really actually quite maybe perhaps still yet already always ever even only now today currently later soon much many more most some any all each every other another such same both few less
  get gets got getting go goes going gone make makes made take takes taken let want wants need needs needed like know tell say says said see show shows give gives given come comes put try tried trying use used using find finds happen happens happened mean means explain wonder wondering question help possible correct right proper way thing things kind sort something long often soon quickly fast last lasts lasting live lives stay stays ready
  there's i'd i'll we're ok okay well anyway suddenly since longer else etc via per`,
  de: `
  der die das den dem des ein eine einen einem einer eines und oder aber wenn falls ob weil dass als wie wo wer wen wem was wann warum wieso weshalb wozu womit wofur welche welcher welches welchen welchem
  ich mich mir mein meine meinen meinem meiner meines wir uns unser unsere unseren unserem du dich dir dein deine er ihn ihm sie ihr ihre ihren ihrem es man sich jemand etwas alles nichts
  bin bist ist sind war waren sein seid wird werden wurde worden habe hast hat haben hatte hatten kann kannst konnen konnte darf darfst durfen muss musst mussen soll sollen sollte mochte mochten will wollen wurde wurden mag
  in im an am auf aus bei mit nach seit von vom zu zum zur durch fur gegen ohne um bis uber unter vor zwischen hinter neben wahrend wegen trotz ab pro
  nicht kein keine keinen keinem keiner nie schon noch nur auch sehr mehr viel viele vielen wenig immer mal doch denn eigentlich bitte danke hallo guten heute jetzt gerade so da hier dort dann damit dazu dabei daran darauf dafur
  machen mache macht gemacht tun tut getan gehen geht ging gibt geben gib brauche braucht brauchen bekomme bekommt kriege kriegt kommt kommen finde findet finden lassen nehmen nutzen nutze nutzt benutzen verwenden lange oft schnell dauert dauern dauer halt halten bleibt bleiben gebe lang gross hoch weit passiert vorgehen hilfe frage wissen weiss sagen zeigt zeigen heisst bedeutet richtig`,
  fr: `
  le la les l un une des du de d au aux ce cet cette ces et ou mais si quand lorsque parce que qu qui quoi dont comme donc car ni
  je j me m moi mon ma mes nous notre nos vous votre vos tu te t toi ton ta tes il elle on ils elles lui leur leurs se s son sa ses y en quelqu quelque quelque chose rien tout toute tous toutes
  suis es est sommes etes sont etait etre ete ai as a avons avez ont avoir avait eu peux peut pouvons pouvez peuvent pouvoir pourrais dois doit devons devez doivent devoir faut veux veut voulons vouloir voudrais
  dans sur sous avec sans pour par chez vers entre depuis pendant avant apres jusqu jusque contre lors
  ne n pas plus jamais aussi tres bien deja encore toujours seulement meme trop peu beaucoup maintenant ici la-bas alors merci bonjour salut
  comment combien ou pourquoi quel quelle quels quelles est-ce puis puis-je dois-je peut-on faut-il faire fais fait faites aller va vais vont prendre mettre donner donne utiliser utilise trouver trouve besoin marche passe arrive temps long longtemps dure durer fois droit possible aide savoir c c'est ca cela`,
};

/** Say little about what is asked: everybody works, at a company, with things. */
const WEAK = `
  company firm firma entreprise business unternehmen societe betrieb organisation our work arbeit travail working arbeiten travailler job employee mitarbeiter employe people leute gens person personne user benutzer utilisateur colleague kollege
  new neu nouveau nouvelle neue neues neuen old alt vieux ancien current aktuell problem issue information rule policy regel richtlinie regle process prozess procedure step guideline
  device gerat appareil thing request demande ask something start begin begins service anybody normal usual regular different special official correct
  time zeit moment today system systeme it trouble message nachricht shows appear appears suddenly plotzlich soudain says contact kontakt contacter
  private personal own eigen eigene eigenen eigenes propre week month year day hour minute week woche monat jahr tag stunde minute semaine mois annee jour heure
  euro franc dollar money geld argent amount betrag montant maximum minimum maximal maximale maximaler maximalen cost costs number many allowed erlaubt autorise permitted responsible zustandig responsable available required obligatory deadline frist delai
  two three four five six seven eight nine ten zwei drei vier funf sechs sieben acht neun zehn deux trois quatre cinq sept huit neuf dix first second
  klein gross grand petit large big small good bad best first last full whole several main short extra wish wants receive look looks seem seems think able unable call anrufen appeler happen handle deal
`;

/** A number in digits or words. */
const NUMBER = String.raw`(?:\d[\d.,' ]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred|half an?|an?|zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|zwolf|vierzehn|zwanzig|dreissig|neunzig|hundert|eine[rnms]?|ein|halbe|un|une|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|douze|quinze|vingt|trente|quarante|cent)\b)`;
const COUNTED = NUMBER.replace('half an?|an?|', '').replace('eine[rnms]?|ein|halbe|un|une|', '');
const SPAN = String.raw`(?:[a-z]+[- ]){0,2}[a-z]*(?:seconds|minutes?|hours?|days?|weeks?|weekends?|months?|quarters?|years?|sekunden?|minuten?|stunden?|tage?n?|wochen?|monate?n?|jahre?n?|secondes?|heures?|jours?|semaines?|mois|ans?|annees?)\b`;
const DURATION = String.raw`${NUMBER}\s?-?${SPAN}|\b(?:immediately|at once|straight away|right away|instantly|same day|next (?:\w+ )?day|nachsten \w*tag|lendemain|overnight|permanently|indefinitely|forever|for ever|no time limit|never expires?|sofort|umgehend|unverzuglich|dauerhaft|unbegrenzt|immediate\w*|aussitot|sans delai|indefiniment)\b`;
const CLOCK = String.raw`\b\d{1,2}(?::\d\d|[.h]\d\d| ?(?:am|pm|a\.m|p\.m|o'clock|uhr|h|heures)\b)|\b(?:noon|midnight|mittag|mitternacht|midi|minuit)\b`;
const DATE = String.raw`\b(?:(?:mon|tus|wednes|thurs|fri|satur|sun)days?|montags?|dienstags?|mittwochs?|donnerstags?|freitags?|samstags?|sonntags?|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|january|february|march|april|june|july|august|september|october|november|december|januar|februar|marz|mai|juni|juli|oktober|dezember|janvier|fevrier|mars|avril|juin|juillet|aout|septembre|octobre|novembre|decembre)\b`;
const MONEY = String.raw`(?:€|\$|£|\b(?:chf|eur|usd|gbp|fr\.))\s?\d|\d[\d.,' ]*(?:€|\$|£|(?:chf|eur|euros?|usd|gbp|francs?|franken|dollars?|pounds?|cents?|pfund|rappen)\b)|\b(?:free of charge|for free|at no cost|no charge|costs? nothing|kostenlos|kostenfrei|gratis|gratuit\w*|sans frais)\b|\bfree\b(?! (?:to|up))|\d\s?%|\b(?:the company|wir|firma|l'entreprise)\b[^.]*\b(?:pays|bears|covers|zahlt|ubernimmt|prend en charge|paie)\b`;
const OFTEN = String.raw`\b(?:every|each|jede[nrsm]?|alle|chaque?|tous les|toutes les) (?:[a-z\d]+ ){0,2}[a-z]*(?:hour|day|week|month|quarter|year|time|stunde|tag|woche|monat|jahr|mal|heure|jour|semaine|mois|an|annee|di)|\b(?:once|twice|daily|weekly|monthly|yearly|annually|quarterly|hourly|nightly|times|per (?:day|week|month|year)|a (?:day|week|month|year)|taglich|wochentlich|monatlich|jahrlich|einmal|zweimal|\d+ ?mal|pro (?:tag|woche|monat|jahr)|fois|par (?:jour|semaine|mois|an)|(?:not|never) expir\w*|lauft nicht ab|n'expire|quotidien\w*|hebdomadaire\w*|mensuel\w*|annuel\w*)`;
const SIZE = String.raw`\d[\d.,]*\s?-?(?:[kmgt]i?[bo]\b|bytes?|megabytes?|gigabytes?|terabytes?|characters?|letters?|digits?|zeichen|stellen|ziffern|caracteres?|chiffres?|inch\w*|zoll|pouces?|["”]|cm\b|mm\b|m\b|metres?|meter|pixels?|mbit\w*|pages?|seiten|people|personen|personnes|%)|\b(?:unlimited|no limit|unbegrenzt|illimite\w*)\b`;
const WHEN = String.raw`${DURATION}|${CLOCK}|${DATE}|${OFTEN}|\b(?:after|before|until|as soon as|once|by the|at the (?:end|start|beginning)|end of|the (?:first|last)|nach|vor|sobald|am ende|zum|spatestens|apres|avant|jusqu'a\w*|bis|des que|a la fin|fin du?|debut)\b`;
const PERSON = String.raw`@|\b(?:servicedesk|desk|team|teams|department|unit|group|hr|human resources|payroll|finance|accounting|legal|facilities|reception|security|manager|owner|supervisor|head|lead|officer|colleagus?|employees?|everyone|everybody|nobody|anyone|people|staff|admins?|administrators?|director|board|representative|council|leiter\w*|leitung|vorgesetzt\w*|abteilung|teamleit\w*|personalabteilung|personal|buchhaltung|empfang|mitarbeit\w*|beauftragt\w*|betriebsrat|fuhrungskraft|verantwortlich\w*|jeder|niemand|chef\w*|responsables?|equipe|service|direction|accueil|rh|comptabilite|personne|tous|collaborat\w*|salarie\w*|employe\w*|gestionnaire|superieur\w*)\b`;
const PLACE = String.raw`https?:|www\.|\b(?:in|at|on|under|from|via|through|to|into|inside|next to|behind|portal|intranet|website|page|menu|settings|floor|building|room|desk|im|am|auf|unter|bei|beim|uber|zum|zur|stock|etage|gebaude|raum|portail|site|dans|sur|sous|au|aux|chez|etage|batiment|salle|bureau|menu)\b|>|→`;
const RULE = String.raw`\b(?:may|must|can|cannot|can't|should|shall|allowed|permitted|permission|forbidden|prohibited|required?|requires|need|needs|have to|has to|only|never|not|don't|doesn't|no|possible|unless|except|without|provided|approved?|approval|mandatory|optional|free to|always|available|yes|darf|durfen|muss|mussen|kann|konnen|soll|sollen|erlaubt|verboten|gestattet|untersagt|zulassig|nur|nie|niemals|nicht|kein\w*|genehmig\w*|erforderlich|notwendig|notig|moglich|brauch\w*|ja|nein|immer|peut|peuvent|pouvez|doit|doivent|devez|faut|autoris\w*|interdi\w*|permis\w*|seul\w*|uniquement|jamais|pas|sauf|possible|obligatoire|necessaire|accord|toujours)\b`;
const REASON = String.raw`\b(?:because|since|so that|so (?:we|you|they|nobody|that)|in order to|otherwise|reason|therefore|du to|this (?:way|protects|prevents|keeps|avoids)|to (?:protect|prevent|keep|avoid|make sure|ensure|save|reduce|stop)|protects?|prevents?|as (?:the|it|they|we|you)|for (?:security|safety|legal|privacy|cost|tax|data)|weil|damit|denn|da (?:es|sie|die|der|das|wir)|um\b[^.]*\bzu|sonst|grund|grunden|deshalb|daher|wegen|schutzt|verhindert|aus (?:\w+ )?grunden|parce qu|parce que|car|afin|pour (?:que|eviter|proteger|des raisons|garantir|empecher)|raisons?|sinon|en raison|grace|puisque|protege|empeche|evite)\b|\bparce qu`;
const INSTRUCTION = String.raw`^(?:(?:then|first|now|next|please|dann|zuerst|bitte|puis|ensuite|d'abord|veuillez|if\b[^,]*,|when\b[^,]*,|wenn\b[^,]*,|si\b[^,]*,|in\b[^,]*,|to\b[^,]*,)\s+)*(?:open|go|click|choose|select|press|enter|type|call|write|send|ask|tell|report|restart|switch|turn|check|make|take|bring|use|plug|unplug|connect|disconnect|sign|log|install|download|update|fill|add|remove|move|drag|copy|hold|wait|keep|leave|put|give|hand|return|order|request|book|forward|attach|do|don't|never|close|start|stop|try|contact|set|change|reset|scan|find|follow|submit|raise|create|delete|confirm|visit|get|let|charge|clean|save|share|mark|inform|print|run|pick|place|register|apply|approve|tick|show|restore|right-click|speak|mention|cancel|read|say|note|look|see|tap|insert|unlock|lock|avoid|announce|dial|email|store|upload|ensure|provide|swipe|hang|push|pull|log|wipe|pack|label|ship|list|answer|agree|enable|disable|activate)\b|\b(?:you|sie|vous)\s+(?:can|must|may|should|need|have|konnen|mussen|durfen|sollten|pouvez|devez)\b|\b(?:can|must|should|have to|needs? to) be\b|^(?:[a-z]+en sie|[a-z]+ez)\b|\b(?:[a-z]{3,}en sie|[a-z]{3,}ez)\b|\b(?:konnen sie|mussen sie|kann man|muss man|il faut|il suffit|on peut|is done|via|through|uber das|par le)\b|\b(?:wird|werden|est|sont) (?:\w+ ){0,4}(?:beantragt|bestellt|gemeldet|gebucht|faite?s?|envoye\w*|demande\w*)\b`;

export type Kind = 'number' | 'money' | 'amount' | 'duration' | 'size' | 'often' | 'when' | 'count' | 'who' | 'where' | 'rule' | 'why' | 'how' | 'trouble' | 'what';

/** What a sentence must look like to be an answer of the kind, folded; kinds that are not here ask for no look. */
export const LOOKS: ReadonlyMap<Kind, RegExp> = new Map<Kind, RegExp>([
  ['number', /\d[\d /-]{2,}/u],
  ['money', new RegExp(MONEY, 'u')],
  ['amount', new RegExp(String.raw`${MONEY}|${SIZE}|${DURATION}|${COUNTED}`, 'u')],
  ['duration', new RegExp(String.raw`${DURATION}|${CLOCK}|${DATE}|${SIZE}`, 'u')],
  ['size', new RegExp(SIZE, 'u')],
  ['often', new RegExp(`${OFTEN}|\\b(?:after|nach|apres) ${NUMBER}\\s?-?${SPAN}`, 'u')],
  ['when', new RegExp(WHEN, 'u')],
  ['count', new RegExp(COUNTED, 'u')],
  ['who', new RegExp(PERSON, 'u')],
  ['where', new RegExp(PLACE, 'u')],
  ['rule', new RegExp(RULE, 'u')],
  ['why', new RegExp(REASON, 'u')],
  ['how', new RegExp(INSTRUCTION, 'u')],
  ['trouble', new RegExp(INSTRUCTION, 'u')],
]);
/** What to do after something else did not help. */
export const CONTINUES = /^(?:if\b[^,]*\b(?:still|not help|persists)\b|otherwise|after that|then|bleibt|hilft das|danach|sonst|andernfalls|sinon|ensuite|si (?:cela|ca)\b)/u;
/** Numbers that count nothing: an amount of money, a time. */
export const MEASURES = new RegExp(`(?:${MONEY}|${NUMBER}\\s?-?${SPAN}|${CLOCK})`, 'gu');
export const COUNTS = new RegExp(COUNTED, 'gu');

const TIME_WORDS = String.raw`(?:working |business )?(?:minutes?|hours?|days?|weeks?|months?|years?|minuten|stunden|(?:arbeits|werk|urlaubs|kranken)?tagen?|wochen|monaten?|jahren?|heures|jours|semaines|mois|ans|annees|temps)`;
const LEAD = String.raw`^(?:(?:hi|hello|hey|hallo|bonjour|please|bitte|and|und|et|so|also|ok|or|by|to|from|with|at|until|till|since|for|bis|ab|seit|um|an|bei|von|mit|fur|a|de|avec|chez|par|pour|depuis|jusqu'a|d')[\s,:!]+)*`;

/** In order; the first that fits the folded question says what is wanted. */
export const ASKED: readonly (readonly [Kind, RegExp])[] = ([
  ['number', String.raw`\b(?:phone|telephone|hotline|extension|emergency) number\b|\b(?:what|which) (?:number|extension)\b|\b(?:telefon|durchwahl|notruf|ruf)\w*nummer\b|\bwelche nummer\b|\bquel (?:est le )?numero\b`],
  ['size', String.raw`\bhow long\b.*\bbe\b|\bwie lange? (?:muss|soll|darf|sollte)\b.*\bsein\b`],
  ['duration', String.raw`\bhow (?:long|soon|quick(?:ly)?|fast)\b|\bhow much (?:time|notice|longer)\b|\bhow many ${TIME_WORDS}\b|\bwie (?:lange?|schnell|zugig)\b|\bwie viele? ${TIME_WORDS}\b|\bcombien de ${TIME_WORDS}\b|\ben combien\b|\bquels? delais?\b|\bquelle duree\b|\bin how many\b`],
  ['often', String.raw`\bhow (?:often|regularly|frequently|many times)\b|\bwie (?:oft|haufig|regelmassig)\b|\bquelle frequence\b|\bcombien de fois\b|\btous les combien\b`],
  ['size', String.raw`\bhow (?:large|big|small|heavy|wide|much (?:space|storage|memory|data|disk))\b|\bhow many (?:gb|mb|gigabytes?|megabytes?|characters?|inch(?:es)?|percent)\b|\bwie gross\b|\bwie viel(?:e zeichen| speicher\w*| platz)\b|\bquelle (?:taille|longur)\b|\bcombien de (?:caracteres|go|mo|place|stockage|memoire)\b`],
  ['money', String.raw`\bhow (?:much|expensive)\b.*\b(?:costs?|pay|paid|spend|money|euros?|francs?|dollars?|price|budget|reimbursed?|refund(?:ed)?|allowance|claim|contribute|contribution|fee|earn|salary)\b|\b(?:what|which)\b.*\b(?:price|fee|costs?|budget|allowance|per diem)\b|\b(?:was|wie ?viel|wieviel)\b.*\b(?:kost\w*|zahl\w*|bezahl\w*|geld|euro|franken|ubernimmt|erstatte\w*|budget|zuschuss\w*|gebuhr\w*|ausgeben)\b|\bwie (?:teuer|hoch)\b|\bcombien\b.*\b(?:cout\w*|pay\w*|euros?|francs?|rembours\w*|argent|depenser|tarif|prix|verse\w*)\b|\bquels? (?:est le |sont les )?(?:prix|cout|tarif|montant|budget|frais)\b`],
  ['amount', String.raw`\bhow much\b|\bwie ?viel\b(?! uhr)|\bwieviel\b|\bcombien(?! de?\b| d')`],
  ['count', String.raw`\bhow many\b|\bwie ?viele\w*|\bcombien\b`],
  ['when', String.raw`${LEAD}when\b|\b(?:and|or|know) when\b|\bwhat time\b|\bwhich (?:day|date)\b|\bwhat (?:day|date)\b|\bwhat is the deadline\b|\bwann\b|\bum wie ?viel uhr\b|\bfrist\b.*\?|${LEAD}quand\b|\bc'est quand\b|\bquelle (?:heure|date)\b|\bdate limite\b`],
  ['why', String.raw`\bwhy\b|\bhow come\b|\bwhat for\b|\bwhat is the reason\b|\bwarum\b|\bwieso\b|\bweshalb\b|\bwozu\b|\bpourquoi\b|\bquelle raison\b`],
  ['how', String.raw`\bwhat (?:do|should|must|can|could|shall|would) (?:i|we|you|one|people) (?:have to |need to )?do\b|\bwhat (?:to do|now|next|if)\b|\bwas (?:tun|nun|jetzt|ist zu tun)\b|\bwas (?:mache?n?|muss|soll|kann|tu|tun|mussen|sollen|konnen)\b.*|\bque (?:faire|dois-je|faut-il|puis-je)\b|\bqu'est-ce que je (?:fais|dois)\b|\bquoi faire\b`],
  ['who', String.raw`${LEAD}(?:who|whom|whose|wer|wen|wem|wessen|qui)\b|\b(?:a|de|avec|chez|par) qui\b|\b(?:an|bei|von|mit) (?:wen|wem)\b|\b(?:which|what) (?:team|department|person|unit)\b|\bwelche[srn]? (?:team|abteilung|stelle|person)\b|\bquel(?:le)? (?:equipe|service|personne)\b|\bqui (?:est|doit|peut|contacter)\b`],
  ['where', String.raw`${LEAD}(?:where|wo|wohin|woher|ou)\b|\b(?:which|what) (?:floor|building|room|address|website|page|link)\b|\bwelche[srnm]? (?:etage|gebaude|raum|adresse|stockwerk|webseite|link)\b|\bquel(?:le)? (?:etage|batiment|salle|adresse|site|bureau|lien)\b|\bou (?:est|sont|puis|dois|trouver|se trouve)\b`],
  ['how', String.raw`\bhow\b|${LEAD}wie\b|\bcomment\b`],
  ['rule', String.raw`${LEAD}(?:may|can|could|must|should|shall|am|are|is|do|does|has|have|will|need)\b|\b(?:allowed|permitted|okay|ok|fine|possible) to\b|${LEAD}(?:darf|durfen|kann|konnen|muss|mussen|soll|sollte|sollen|ist|sind|brauche?n?|gibt|gilt|habe?n?|hat|werden|wird)\b|\berlaubt\b|\b(?:darf|muss) (?:ich|man)\b|\b(?:puis-je|peut-on|pouvons-nous|dois-je|doit-on|faut-il|ai-je|avons-nous|est-il|est-ce|suis-je|y a-t-il|sommes-nous)\b|\bai-je le droit\b`],
  ['what', String.raw`\b(?:what|which|was|welche[srnm]?|quel(?:le)?s?|que|qu'est-ce)\b|\?\s*$`],
] as const).map(([kind, pattern]) => [kind, new RegExp(pattern, 'u')] as const);

function roots(words: string): readonly string[] {
  return plain(words).trim().split(/\s+/u).map(root);
}

const EMPTY_WORDS: ReadonlyMap<string, ReadonlySet<string>> = new Map(Object.entries(EMPTY).map(([language, words]) => [language, new Set(plain(words).trim().split(/\s+/u))] as const));
const WEAK_ROOTS: ReadonlySet<string> = new Set(roots(WEAK));
/** What a word may mean; "portable" is a laptop and a phone in French. */
const MEANING: ReadonlyMap<string, readonly string[]> = readMeanings();
/** Those that may stand as one half of a German compound. */
const COMPOUNDING: readonly string[] = [...MEANING.keys()].filter((word) => word.length >= 4).sort((left, right) => right.length - left.length);

function readMeanings(): ReadonlyMap<string, readonly string[]> {
  const meanings = new Map<string, readonly string[]>();
  for (const line of MEANINGS.trim().split('\n')) {
    const words = line.trim().split(/\s+/u);
    for (const word of words.map((each) => root(plain(each)))) {
      const known = meanings.get(word) ?? [];
      const name = words[0] ?? word;
      if (!known.includes(name)) meanings.set(word, [...known, name]);
    }
  }
  return meanings;
}

export function isEmpty(word: string, language: Language): boolean {
  return EMPTY_WORDS.get(language)?.has(word) === true;
}

export function isWeak(wordRoot: string): boolean {
  return WEAK_ROOTS.has(wordRoot);
}

/** What a word may mean, or the halves of a German compound: "Firmenlaptop", "Passwortregeln". */
export function meaningsOf(wordRoot: string): readonly string[] {
  const known = MEANING.get(wordRoot);
  if (known !== undefined || wordRoot.length < 9) return known ?? [];
  const last = COMPOUNDING.find((half) => wordRoot.endsWith(half) && wordRoot.length - half.length >= 3);
  const first = COMPOUNDING.find((half) => wordRoot.startsWith(half) && wordRoot.length - half.length >= 3);
  return [...new Set([last, first].flatMap((half) => (half === undefined ? [] : (MEANING.get(half) ?? []))))];
}

/** How far one meaning stands for another: not the same, but where the one is told the other is answered. */
export function relation(left: string, right: string): number {
  const group = RELATED.find((each) => each.includes(left) && each.includes(right));
  // What is said of devices is said of laptops.
  return group === undefined ? 0 : group[0] === 'device' ? 0.85 : 0.6;
}

/** The others of the families that a thing belongs to. */
export function neighboursOf(meaning: string): ReadonlySet<string> {
  return new Set(FAMILIES.filter((family) => family.includes(meaning)).flat().filter((other) => other !== meaning));
}

export type Language = 'en' | 'de' | 'fr';
const MARKS: Readonly<Record<Language, ReadonlySet<string>>> = {
  en: new Set("the of and to is are you your i my we for with what how do does can may on it if this that be when who where a by not".split(' ')),
  de: new Set('der die das und ist sind ich mein meine wir wie was wo wer wann darf kann muss nicht ein eine einen mit fur auf im den dem zu bei wenn sie es auch von'.split(' ')),
  fr: new Set('le la les et est sont je mon ma mes nous comment que qui quand puis peut dois un une des du de au pour avec dans sur si pas vous ce mon l d combien est-ce quel quelle'.split(' ')),
};

/** By its small words; English where they do not tell. */
export function languageOf(folded: string): Language {
  const words = folded.match(/[\p{L}-]+/gu) ?? [];
  const count = (language: Language): number => words.filter((word) => MARKS[language].has(word)).length;
  const [en, de, fr] = [count('en'), count('de'), count('fr')];
  if (de > en && de >= fr) return 'de';
  return fr > en ? 'fr' : 'en';
}
