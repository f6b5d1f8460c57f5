import { stemmer as english } from '@orama/stemmers/english';
import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';

/**
 * Words of the workplace that mean the same to somebody who asks, over the three languages. Each line is one meaning.
 * General language only: nothing here comes from an article.
 */
const SAME = `
laptop notebook computer pc machine rechner ordinateur portable thinkpad macbook
phone mobile smartphone handy telefon telephone iphone android mobiltelefon cellphone cell diensthandy
wifi wlan wireless wi-fi funknetz
screen monitor display bildschirm ecran moniteur
password passwort kennwort passphrase mot-de-passe pwd
delete remove erase deleted loschen geloscht entfernen supprimer effacer
restore recover undelete retrieve wiederherstellen restaurer recuperer
lost missing misplaced gone verloren perdu egare perdre verlieren lose weg verschwunden disparu
stolen theft steal thief nicked robbed gestohlen geklaut diebstahl vole vol
forgot forgotten forget vergessen vergesse oublie oublier
mail email e-mail courriel mails
mailbox postfach inbox
attachment attach anhang piece-jointe attached
printer print printing printout drucker drucken imprimer imprimante impression
scan scanner scannen numeriser numerisation einscannen digitise digitize
badge card keycard ausweis carte
entrance door building entree porte gebaude batiment
guest visitor visitors gast besucher invite visiteur
meeting conference besprechung reunion call
room salle raum
headset headphones earphones kopfhorer casque
microphone mic mikrofon micro
camera webcam kamera
sound audio ton son hear loudspeaker speaker
usb stick thumbdrive pendrive flash
drive disk laufwerk disque festplatte
install installation installer installieren setup
software program programme application app programm logiciel anwendung
licence license lizenz
admin administrator rights administratorrechte
helpdesk servicedesk support hotline assistance
extension durchwahl poste
plant factory shop mill werk usine werkstatt atelier
locked lock locks gesperrt sperren verrouille bloque
unlock entsperren debloquer deverrouiller
vpn tunnel
outside external externally extern externe
abroad ausland etranger foreign overseas
country countries land lander pays
travel travelling trip reise voyage reisen
day tag jour
hour stunde heure
minute minuten
week woche semaine
month monat mois
year jahr an annee
cost price costs kosten kostet cout coute prix preis fee charge charges
suspicious phishing scam fraud fake spam dodgy weird strange odd fishy verdachtig seltsam komisch louche bizarre
link url
report melden meldung signaler
vacation holiday leave urlaub vacances absent away absence abwesend
reply answer response antwort reponse
automatic automatically auto automatisch automatique
shared share sharing teilen partager freigeben freigabe partage
file document datei dokument fichier
folder ordner dossier
save backup sichern sicherung sauvegarde sauvegarder gesichert backed
version versions
size large big grosse taille gross limit
home homeoffice teletravail zuhause
desk schreibtisch bureau
chair stuhl chaise
allowance zuschuss subvention
private personal privat prive personnel own
company firma unternehmen entreprise corporate
return returning zuruckgeben ruckgabe rendre hand
quit leaving resign kundigung
sign signature unterschreiben unterschrift signer signieren
contract vertrag contrat agreement
key schlussel cle
recovery bitlocker
certificate zertifikat certificat
browser edge chrome firefox navigateur
warning warn warns warnung avertissement alert
dock docking
cable kabel cord
charge charging laden charger aufladen chargeur
authenticator authentication mfa 2fa authenticate authentification authentifizierung
approve approval genehmigen genehmigung approuver approves
boss ceo manager supervisor vorgesetzter chef vorgesetzte responsable
colleague kollege kollegin collegue
temporary temporarily vorubergehend temporaire provisoire provisional
forward forwarding weiterleiten weiterleitung umleitung renvoi redirect rufumleitung
queue warteschleife
emergency notruf urgence notfall
vault tresor
quality resolution auflosung
permission authorisation authorization erlaubnis autorisation
encrypt encrypted encryption verschlusselt verschlusseln chiffre
tablet ipad
police polizei
colour color farbe couleur
paper papier
`;

const STEMMERS = [english, german, french];
const CONCEPTS: ReadonlyMap<string, string> = new Map(
  SAME.trim()
    .split('\n')
    .flatMap((line) => {
      const words = line.split(' ');
      return words.flatMap((word) => [word, ...STEMMERS.map((stem) => stem(word))].map((form) => [form, `=${words[0] ?? ''}`] as const));
    })
    // A stem of one language may be a word of another: the first meaning that claims a form keeps it.
    .reverse(),
);

/** The meaning that a stem stands for, or undefined where it stands for itself. */
export function conceptOf(stem: string): string | undefined {
  return CONCEPTS.get(stem);
}
