// made up: see made-up.ts
/**
 * What people and Steward say to each other at a helpdesk, in which nothing is a secret, though much of it is about
 * secrets. Whoever hides a word of it costs somebody an answer.
 */
import { negativesOf, type Negative } from './made-up.ts';

const english = negativesOf('about secrets, in English', [
  'please reset my password', 'I forgot my password again, sorry', 'My password expired yesterday.', 'password reset',
  'The password must have at least 14 characters.', 'Password: I do not remember it', 'What is the password policy?', 'password = what exactly?',
  'He asked me for my password on the phone, is that normal?', 'Passwordless sign-in is enabled for the pilot group.', 'Can I keep my old password?',
  'password protected PDF will not open', 'The password field is greyed out.', 'Wrong password, says Outlook, every five minutes.',
  'Your password was changed on 3 May at 08:14.', 'password writeback failed for 3 users', 'It asks for username/password twice.',
  'user:password is the format, right?', 'Type your user name, a colon, then your password.', 'the token ring', 'My hardware token is lost.',
  'The token has expired, please sign in again.', 'token: which one do you mean?', 'Refresh tokens are revoked by this action.',
  'All her tokens are revoked and sessions ended.', 'The token count of this prompt is 1,934.', 'token_type is always Bearer',
  'He is the bearer of the badge 4711.', 'bearer of good news: the printer works', 'Bearer tokens are sent in the Authorization header.',
  'Use bearer authentication instead of basic authentication.', 'Basic authentication is switched off in Exchange Online.',
  'Basic Mobility and Security is not in our plan.', 'Digest authentication is not supported by the proxy.', 'Authorization: which role do I need?',
  'Authorization failed for user anna.maurer@contoso.example', 'The authorization header is missing.',
  'it is no secret that the printer on floor 3 is slow', 'Secret santa mail was reported as phishing', 'The client secret expires in 14 days.',
  'Who owns the client secret of the HR connector?', 'client_secret is missing in the request', 'secret: none',
  'Secret ID and secret value are not the same thing.', 'Where do I see the secret value after creating it?',
  'Rotate the storage account key every 90 days.', 'Is there an AccountKey in that file? I do not want to paste it.',
  'The key does not fit the rack in room 2.14.', 'key1 and key2 can be rotated one after the other.',
  'shared access signature or managed identity, what do you recommend?', 'The SAS link expired.', 'SAS drives in the NAS are failing',
  'SAS 9.4 licence is missing on my laptop', 'Flight SAS 1674 is delayed, I will be late for the on-site.', 'sig is missing in the link',
  'Please sign the sig file.', 'My private key is on the old laptop.', 'private key permissions are too open', 'Where do I upload my SSH public key?',
  'The public key goes into authorized_keys.', 'The file should begin with BEGIN CERTIFICATE', 'unable to load private key',
  'Does the export contain the private key?', 'the certificate has no private key', 'Our Slack bot is silent since Monday.',
  'xoxb and xoxp, what is the difference?', 'A Slack token starts with xoxb-, ours too.', 'GitHub tokens start with ghp_ or github_pat_.',
  'ghs_ is for app installations', 'Can I get a GitHub personal access token approved?', 'GITHUB_TOKEN is set by Actions itself.',
  'JWT is short for JSON Web Token.', 'The JWT has three parts: header.payload.signature', 'A token starts with eyJ, this one does not.', 'eyJ',
  'connection string of the HR database, who knows it?', 'The connection string uses Active Directory Integrated.',
  'What is the format of a connection string with managed identity?', 'The database URL changed, see the wiki.', 'My PIN is not accepted.',
  'The PIN is the last four digits of your badge number, ask reception.', 'BitLocker asks for a recovery key.',
  'BitLocker key ID ‹guid›, where do I find the recovery key?', 'I need a Temporary Access Pass.', 'Does a Temporary Access Pass work on a phone?',
  'The passkey on my iPhone is gone.', 'passphrase, not password', 'Should I write down my passphrase?',
  'Somebody pasted a secret in the channel, what now?', 'I accidentally shared credentials with a vendor, whom do I tell?',
  'credentials are stored in Key Vault', 'Keys are kept in the key cabinet, ask Tom.', 'The secret was removed from your message.',
  'I have hidden something that looks like a password.', '[hidden]', '[redacted]', '***', 'password: ********', 'Password: •••••••',
  'pwd=<your password>',
]);

const german = negativesOf('about secrets, in German', [
  'Bitte setzt mein Passwort zurück.', 'Ich habe mein Kennwort vergessen.', 'Kennwort abgelaufen', 'Passwort: weiß ich leider nicht mehr',
  'Das Passwort muss 14 Zeichen haben.', 'Wie ändere ich mein Kennwort im Homeoffice?', 'Mein Passwort wird nicht angenommen, obwohl es stimmt.',
  'Passwortrücksetzung für Frau Maurer bitte', 'Kennwortrichtlinie', 'Passwort-Manager startet nicht',
  'Er wollte am Telefon mein Passwort wissen, darf er das?', 'Ich werde bei jedem Start nach Benutzername/Passwort gefragt.', 'Das Token ist kaputt.',
  'Mein Hardware-Token liegt zu Hause.', 'Der Token ist abgelaufen, was heißt das?', 'Token: Schlüsselanhänger, grau', 'Bearer-Token oder Basic-Auth?',
  'Das Geheimnis der guten Laune im Support', 'Der geheime Clientschlüssel läuft in 14 Tagen ab.', 'Wer ist Eigentümer des Client Secrets?',
  'Der Schlüssel passt nicht ins Schloss von Raum 2.14.', 'Schlüssel: beim Empfang abholen', 'Wer hat den Schlüssel zum Serverraum?',
  'Der Speicherschlüssel wurde rotiert.', 'Schlüsselrotation alle 90 Tage', 'Der private Schlüssel liegt auf dem alten Laptop.',
  'Wo lade ich meinen öffentlichen Schlüssel hoch?', 'Zertifikat ohne privaten Schlüssel exportiert', 'Der SAS-Link ist abgelaufen.',
  'Verbindungszeichenfolge mit verwalteter Identität, wie geht das?', 'Anmeldedaten bitte nicht per Mail schicken.',
  'Zugangsdaten für das Gäste-WLAN gibt es am Empfang.', 'BitLocker will einen Wiederherstellungsschlüssel.', 'Die Schlüssel-ID ist ‹guid›.',
  'Meine PIN geht nicht.', 'PIN vergessen', 'Ich brauche einen befristeten Zugriffspass.', 'Passkey auf neuem Telefon einrichten',
  'Autorisierung fehlgeschlagen für anna.maurer@contoso.example', 'Der Authorization-Header fehlt.',
  'Ich habe aus Versehen etwas Vertrauliches gepostet.', 'In deiner Nachricht stand ein Geheimnis, ich habe es entfernt.', 'Kennwort: ********',
  'Kennwort=(steht im Tresor)', 'Passwort bitte an meine Vertretung: Sabine Kühn, Durchwahl 4411', 'Das Passwort-Feld ist grau.',
  'Kennwörter liegen im Key Vault.', 'Das Initialkennwort bekommt man persönlich.',
]);

const french = negativesOf('about secrets, in French', [
  'Merci de réinitialiser mon mot de passe.', 'J’ai oublié mon mot de passe.', 'Mot de passe expiré', 'Mot de passe : je ne m’en souviens plus',
  'Le mot de passe doit comporter 14 caractères.', 'Comment changer mon mot de passe à distance ?', 'mot de passe refusé alors qu’il est correct',
  'Le champ « mot de passe » est grisé.', 'Il m’a demandé mon mot de passe au téléphone, est-ce normal ?', 'La politique de mots de passe a changé.',
  'Le jeton a expiré, reconnectez-vous.', 'Mon jeton matériel est perdu.', 'jeton : lequel ?', 'Les jetons d’actualisation sont révoqués.',
  'Ce n’est un secret pour personne : l’imprimante du 3e est lente.', 'Le secret client expire dans 14 jours.',
  'Qui possède le secret du connecteur RH ?', 'secret : aucun', 'La clé du local serveur est à l’accueil.', 'Clé : voir avec Thomas',
  'La clé du compte de stockage a été renouvelée.', 'Rotation des clés tous les 90 jours', 'Ma clé privée est sur l’ancien portable.',
  'Où déposer ma clé publique SSH ?', 'Certificat exporté sans clé privée', 'Le lien SAS n’est plus valable.',
  'Chaîne de connexion avec identité managée, comment faire ?', 'N’envoyez pas vos identifiants par courriel.',
  'Les identifiants du Wi-Fi invité sont à l’accueil.', 'BitLocker demande une clé de récupération.', 'L’identifiant de clé est ‹guid›.',
  'Mon code PIN ne marche pas.', 'Il me faut un passe d’accès temporaire.', 'Clé d’accès sur un nouveau téléphone',
  'Autorisation refusée pour anna.maurer@contoso.example', 'En-tête Authorization manquant', 'J’ai publié par erreur quelque chose de confidentiel.',
  'Votre message contenait un secret, je l’ai retiré.', 'Mot de passe : ********', 'mot de passe = (dans le coffre)',
  'Les mots de passe sont dans le coffre-fort.', 'Authentification de base désactivée',
]);

const tickets = negativesOf('tickets and requests', [
  'INC0012345', 'INC0012345: laptop does not start, asset PC-0042', 'RITM0045671 is waiting for approval by Sabine Kühn',
  'CHG0030012 scheduled for Sat 3 May 22:00–02:00', 'PRB0001207 root cause: expired certificate', 'REQ0099812 / SCTASK0123456',
  'sys_id ‹hex32› of the record', 'https://contoso.service-now.com/nav_to.do?uri=incident.do?sys_id=‹hex32›', 'JIRA OPS-1182 blocked by SEC-77',
  'Ticket #4711-2031-05 bitte schließen', 'Please block the sign-in of Tom Berger, he left today.', 'Bitte Gerät PC-0042 zurücksetzen.',
  'Merci de débloquer le compte de Mme Lefèvre.', 'Show me the devices of anna.maurer@contoso.example', 'list devices for Anna Maurer',
  'Wipe the phone of Léa Fontaine? She has two: SN C39XK1ABCD and SN R58M30ABCDE', 'who approved INC0012345 and when?', 'Reference A7F3-K2MQ',
  'Approval by two people, expires in 4 hours.', 'person_k7m2qz', 'device_p4x9tn was last seen on 1 May',
  'Order 4500123456, item 10, 3 pcs, cost centre 88120', 'Invoice RE-2031-00418, due 30.05.2031', 'IMEI 356938035643809',
  'Serial 5CG1234ABC, HP EliteBook 840 G8', 'Asset tag IT-2031-004512', 'SIM 8949010000001234567', 'Dell service tag 7XK9PQ2',
  'Room B-2.14, dock 7, port GE0/0/17', 'VLAN 120 on switch sw-b2-07', 'Badge 0004711, valid until 31.12.2031',
  'Windows KMS client key W269N-WFGWX-YVC9B-4J6C9-T83GX is public', 'Case 2305110040001234 with Microsoft', 'MS case TrackingID#2305110040001234',
  'Meeting ID: 312 456 789 012', 'Dial in: +49 30 1234567,,‹digits›#', 'Phone: +33 1 23 45 67 89, ext. 4411', 'Tel. 0171/2345678', '+1 (425) 555-0100',
  'anna.maurer@contoso.example', 'tom.berger_partner.example#EXT#@contoso.onmicrosoft.com', 'CONTOSO\\anna', 'Maurer, Anna (IT-OPS)',
  'user principal name a.maurer@contoso.example, mail anna.maurer@contoso.example', 'sip:anna.maurer@contoso.example',
  'svc-intune@contoso.example is a service account', 'mailto:helpdesk@contoso.example?subject=Password%20reset', '12:30@Raum 2.14',
  'CC: helpdesk@contoso.example; security@contoso.example',
]);

const licences = negativesOf('licences, versions, error codes', [
  'SPE_E5', 'ENTERPRISEPREMIUM', 'SPE_E3_RPA1', 'MCOEV', 'POWER_BI_PRO', 'Microsoft_365_E5_(no_Teams)', 'EMSPREMIUM, AAD_PREMIUM_P2, INTUNE_A',
  'skuId c7df2760-2c81-4ef7-b578-5b5392b571df', '06ebc4ee-1bb5-47dd-8120-11324bc54e06 = SPE_E5', 'Windows 11 Enterprise 23H2 22631.3447',
  '10.0.22631.3447', 'Teams 24091.214.2846.1452', 'Office 16.0.17531.20152', 'v20.19.0', 'node v24.1.0 (npm 11.3.0)',
  'firmware 1.22.0-rc.3+build.4711', 'iOS 19.2.1 (23C71)', 'KB5036893', 'CVE-2031-21412', 'driver 31.0.101.4502', '0x80070005', '0x8007052E',
  '0x80180014 device enrolment', 'AADSTS50126: Error validating credentials due to invalid username or password.',
  'AADSTS700016: Application with identifier \'‹guid›\' was not found', 'AADSTS50076 multi-factor required',
  'AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID',
  'AADSTS7000222: The provided client secret keys for app \'‹guid›\' are expired.', 'AADSTS500011 resource principal not found',
  'Trace ID: ‹guid› Correlation ID: ‹guid› Timestamp: 2031-05-02 08:11:44Z', 'CAA50021 number of retry attempts exceeds expectation', 'CAA2000B',
  'Error 0xCAA70004', 'ERR_CERT_AUTHORITY_INVALID', 'SSL_ERROR_BAD_CERT_DOMAIN', 'NTLM 0xC000006A wrong password',
  'Event ID 4625, Logon Type 3, Status 0xC000006D', 'Event 4740: account locked out, caller PC-0042', 'HTTP 401 Unauthorized',
  '403 Forbidden: Authorization_RequestDenied', '429 Too Many Requests, Retry-After: 30', 'Request_ResourceNotFound',
  'InvalidAuthenticationToken: Access token has expired or is not yet valid.', 'AuthenticationFailed: Server failed to authenticate the request.',
  'KeyBasedAuthenticationNotPermitted', 'ECONNRESET', 'SQLSTATE[28P01]', 'ORA-01017: invalid username/password; logon denied',
  'FATAL: password authentication failed for user "app"', 'Login failed for user \'svc_hr\'. (Microsoft SQL Server, Error: 18456)',
  'WRONGPASS invalid username-password pair or user is disabled.', 'NOAUTH Authentication required.',
]);

const steward = negativesOf('what Steward itself says', [
  'I blocked the sign-in of Anna Maurer. Sessions that are already open stay open.',
  'Shall I end all sessions of Tom Berger? His refresh tokens are revoked with them.', 'Nothing was done. Reference: 7K2M-Q4ZT',
  'This needs a second person. The card is valid until 12:14.', 'Only a helpdesk person may do that.',
  'You may ask for at most 20 an hour; there are 3 left.', 'I cannot read or show passwords, keys or tokens.',
  'To reset a password, open aka.ms/sspr.', 'From the article “Reset a forgotten password”, reviewed on 2 March 2031.',
  'The kill switch is on: I read and show, and change nothing.', 'Der Vorgang wurde angehalten.', 'Je ne peux pas afficher de mot de passe.',
  'Stopped by Cleo at 09:41:07 UTC, level off.', 'ledger: 14,201 records, chain intact, head sha256:‹hex64›',
  'checkpoint 412 signed, key id steward-2031-05', 'Policy rule: helpdesk-may-block, decision: confirm',
  'I found two people called Maurer. Which one?', 'Devices of Léa Fontaine: PC-0042 (compliant), iPhone 17 (not compliant)',
  'I read 3 pages: vpn-setup, mfa-lost-phone, password-expiry', 'Budget: 12.40 of 50.00 USD used this month.',
]);

export const spokenNegatives: readonly Negative[] = [...english, ...german, ...french, ...tickets, ...licences, ...steward];
