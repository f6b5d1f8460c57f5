// made up: see made-up.ts
/**
 * What people say at another company's helpdesk, in more languages than the first yardstick: much of it about secrets, none
 * of it one. Whoever hides a word of it costs somebody an answer.
 */
import { negativesOf, type Negative } from './made-up.ts';

const english = negativesOf('about secrets, in English', [
  'Locked out again after the holidays, new password please', 'How often do passwords have to be changed here?', 'Password hint: none set',
  'password: same problem as last week', 'Password is correct, caps lock is off, still no luck.', 'Password change prompts every single morning',
  'The new password is not synced to the Mac yet.', 'password? which password?', 'My password contains an umlaut, could that be why?',
  'Password manager rollout: when is sales getting it?', 'The vendor wants to know our password rules: length 16, no expiry.',
  'Wi-Fi password is on the poster in the lobby', 'password-protected zip from the tax office',
  'Please do not send me the password by mail, call me.', 'Her password expires on 14 June 2032 at 09:00.', 'bad password count: 7',
  'I changed my password: now Outlook on the phone fails', 'username: mei.lin, password: forgotten', 'User name and password=required fields',
  'pwd is short for print working directory', 'passwd: Authentication token manipulation error', 'Which token do I need for the VPN, soft or hard?',
  'token: yes, RSA, black, serial ‹n12›', 'My token battery is dead.', 'Token lifetime is 60 to 90 minutes by default.',
  'The tokens in the laundry room are for the machines', 'token-based licensing for AutoCAD', 'Context window: 128k tokens',
  'He said the token was invalid, and then hung up.', 'Please revoke every token of mei.lin@litware.example',
  'bearer authentication fails behind the new proxy', 'Bearer: Mr. Novak, passport checked', 'Standard bearer of the company run, T-shirt size L',
  'Basic training for new admins is on Thursday', 'basic auth is gone from SMTP, what now?', 'Basic plan or Premium plan?',
  'Authorization is needed from the cost centre owner', 'Authorization: pending with finance',
  'authorization code: see the letter from the bank, page 2', 'Authorization policy “Contractors” blocks me', 'Digest mails come twice a day',
  'secret level 2 labels are missing in Word', 'Secret: the cafeteria has cake', 'Nothing secret about it',
  'client secrets must not live longer than 180 days', 'Which app has a secret that ends this week?', 'the client secret: who renews it, you or us?',
  'My client is very secretive about his network', 'The key to the archive is missing again', 'Key: A = absent, P = present',
  'access key or role, what does the backup use?', 'AccountKey should be empty when you use managed identity',
  'SharedAccessKey is deprecated in our landing zone', 'Press the Windows key and L', 'The shift key sticks on 5CG2‹n7›',
  'Primary key violation in table orders', 'the foreign key points to the wrong table', 'API key management moved to the platform team',
  'Please delete the API key called “test-2”.', 'SAS controller battery low on host esx-14', 'SAS Institute invoice, whom does it go to?',
  'The SAS expires at midnight, can you extend it by a week?', 'sig file for Outlook, German and English', 'Private keys never leave the HSM.',
  'private key: yes or no? The portal asks.', 'Where is the private key of the wildcard certificate kept?',
  'PuTTYgen asks for a key passphrase I never set', 'We publish our PGP key on the website', 'Can Slack and Teams be bridged?',
  'Slack webhooks are blocked since the audit', 'the xoxp one was revoked, the xoxb one was not', 'GitHub Copilot seats: 12 of 50 left',
  'The GitHub token expired, so the pipeline is red', 'Are fine-grained tokens (github_pat_) allowed?', 'ghp or gho, what is for OAuth?',
  'JWTs are signed, not encrypted', 'eyJ is just base64 of an opening brace and a quote', 'The connection string moved to Key Vault',
  'connection string=missing, says the app', 'Give me the connection string format for Postgres, please',
  'DB url must not contain credentials, says the linter', 'https://user:pass@host is bad practice, isn’t it?', 'mongodb+srv needs DNS SRV records',
  'The PIN pad at door 3 is broken', 'PIN must be 8 digits for admins', 'Recovery key please, BitLocker, key ID starts with 7F3A',
  'Is a passkey better than a password?', 'one-time passcode by mail never arrives', 'MFA code: I get it, but too late',
  'The verification code has six digits', 'credential guard breaks the old VPN client', 'Credentials: none needed for the guest network',
  'credentials=include in the fetch call, is that safe?', 'your secret is safe with me :-)',
  'Someone posted keys in the repo: which process applies?', '[secret removed]', '(password deleted by me)', 'pass: ******', 'pw = xxxxxxxx',
  'token: <paste here>', 'API_KEY=<change-me> is in the sample file', 'secret="..."',
]);

const german = negativesOf('about secrets, in German', [
  'Passwort läuft heute ab, bin aber im Zug', 'Das Passwort für das WLAN hängt in der Küche aus.', 'Kennwort: seit heute früh gesperrt',
  'Passwort vergessen, Personalnummer ‹n7›', 'Kann man das Kennwort am Telefon zurücksetzen?', 'Das Einmalkennwort kommt nicht an.',
  'Passwort ist richtig, Anmeldung schlägt trotzdem fehl', 'Passwörter dürfen nicht in Tickets stehen!',
  'Das alte Kennwort nimmt er auch nicht mehr.', 'Token: defekt, bitte tauschen', 'Softtoken auf neues Handy umziehen',
  'Welcher Token gehört zu mei.lin@litware.example?', 'Zugriffstoken gelten eine Stunde', 'Der Schlüssel zum Schrank 4 fehlt',
  'Schlüssel = Tabelle.Spalte, oder?', 'Primärschlüssel doppelt vergeben', 'Produktschlüssel steht auf der Rechnung',
  'Speicherkonto ohne Schlüsselzugriff, geht das?', 'Geheimhaltungsstufe im Dokument ändern', 'Geheimnis: gibt keins',
  'Clientgeheimnis erneuern, wer macht das?', 'Das Clientgeheimnis der Zeiterfassung läuft am 30.6. ab',
  'Verbindungszeichenfolge bitte aus dem Tresor holen', 'Privater Schlüssel nicht exportierbar – richtig so?',
  'öffentlicher Schlüssel: siehe Anhang', 'Basisauthentifizierung ist abgeschaltet', 'Autorisierung: durch Abteilungsleitung',
  'Die PIN vom Drucker ist die Personalnummer.', 'Sicherheitscode kommt per SMS nicht an', 'Zugangsdaten liegen beim Empfang im Umschlag',
  'Benutzer/Kennwort falsch, Sperre nach 5 Versuchen',
]);

const french = negativesOf('about secrets, in French', [
  'Mon mot de passe n’est pas synchronisé sur le Mac.', 'Mot de passe : voir l’affiche à l’accueil',
  'Le mot de passe du Wi-Fi invité change chaque lundi.', 'mot de passe à usage unique jamais reçu', 'Compte verrouillé, matricule ‹n7›',
  'Je n’ai plus mon jeton VPN, il est cassé.', 'Jeton : noir, numéro de série ‹n12›', 'Combien de temps un jeton est-il valable ?',
  'La clé de l’armoire 4 a disparu', 'clé primaire en double dans la table', 'Clé de produit : sur la facture',
  'Les clés d’API passent par l’équipe plateforme.', 'secret : voir le coffre', 'Qui renouvelle le secret client de la paie ?',
  'Chaîne de connexion introuvable dans le fichier', 'La clé privée n’est pas exportable, c’est normal ?', 'clé publique en pièce jointe',
  'authentification de base refusée par le SMTP', 'Autorisation : en attente du chef de service', 'Le code à six chiffres arrive trop tard',
  'identifiants incorrects, cinq essais', 'Signature : voir le modèle Outlook',
]);

const spanish = negativesOf('about secrets, in Spanish', [
  'He olvidado mi contraseña.', 'Contraseña caducada, por favor restablecer', 'contraseña: no la recuerdo',
  'La contraseña debe tener al menos 16 caracteres.', '¿Cómo cambio la contraseña desde casa?',
  'La contraseña del wifi de invitados está en recepción', 'Me pide usuario/contraseña dos veces.', 'El token ha caducado, ¿qué hago?',
  'token: el gris, no el negro', 'Perdí mi token de la VPN', 'El secreto del cliente caduca el viernes',
  '¿Quién es el dueño del secreto de RR. HH.?', 'secreto: ninguno', 'La clave de acceso se rotó ayer', 'clave primaria duplicada',
  'La llave del armario 4 no aparece', 'Cadena de conexión con identidad administrada, ¿cómo se hace?', 'La clave privada está en el portátil viejo',
  '¿Dónde subo mi clave pública?', 'Autorización denegada para mei.lin@litware.example', 'Falta la cabecera Authorization',
  'Código de verificación: nunca llega', 'PIN bloqueado', 'credenciales guardadas en la caja fuerte', 'He publicado por error algo confidencial',
]);

const polish = negativesOf('about secrets, in Polish', [
  'Zapomniałem hasła.', 'Hasło wygasło, proszę o reset', 'hasło: nie pamiętam', 'Hasło musi mieć co najmniej 16 znaków.',
  'Jak zmienić hasło z domu?', 'Hasło do wifi dla gości jest w recepcji', 'Token wygasł, co robić?', 'token: czarny, numer ‹n12›',
  'Zgubiłem token do VPN', 'Klucz tajny klienta wygasa w piątek', 'Kto jest właścicielem klucza tajnego kadr?', 'Klucz do szafy nr 4 zginął',
  'klucz główny się powtarza', 'Klucz prywatny jest na starym laptopie', 'Gdzie wgrać klucz publiczny?',
  'Ciąg połączenia bez hasła, czy to możliwe?', 'Brak nagłówka Authorization', 'Autoryzacja: czeka na kierownika', 'Kod PIN zablokowany',
  'dane logowania są w sejfie', 'Sekret: brak', 'Uwierzytelnianie podstawowe wyłączone',
]);

const japanese = negativesOf('about secrets, in Japanese', [
  'パスワードを忘れました。', 'パスワードの有効期限が切れました', 'パスワード：覚えていません', 'パスワードは16文字以上です。', '自宅からパスワードを変更できますか？', 'ゲスト Wi-Fi のパスワードは受付にあります', 'トークンの期限が切れました',
  'トークン：黒、シリアル番号 ‹n12›', 'クライアント シークレットは金曜日に期限切れです', 'シークレット：なし', 'アクセス キーを更新しました', 'キーは受付で受け取ってください', '秘密鍵は古いノートPCにあります', '公開鍵はどこに登録しますか？',
  '接続文字列にパスワードを入れないでください', 'Authorization ヘッダーがありません', '認証に失敗しました：mei.lin@litware.example', 'PINがロックされました', '確認コードが届きません', '資格情報は金庫にあります',
]);

const others = negativesOf('about secrets, in other languages', [
  'Ho dimenticato la password.', 'Password scaduta, per favore reimpostare', 'password: non la ricordo',
  'La password deve avere almeno 16 caratteri', 'Il token è scaduto', 'token: quello grigio', 'Il segreto client scade venerdì',
  'La chiave privata è sul vecchio portatile', 'chiave: alla reception', 'Stringa di connessione senza password, si può?',
  'Ik ben mijn wachtwoord vergeten.', 'Wachtwoord verlopen', 'wachtwoord: weet ik niet meer', 'Het token is verlopen, wat nu?',
  'sleutel: bij de receptie', 'Clientgeheim verloopt vrijdag', 'Waar upload ik mijn publieke sleutel?', 'toegangscode komt niet aan',
  'Esqueci a minha palavra-passe.', 'Senha expirada', 'senha: não lembro', 'Token expirado', 'chave: na receção',
  'O segredo do cliente expira na sexta', 'Glömt lösenordet', 'lösenord: minns inte', 'Nyckeln finns i receptionen',
  'Klienthemligheten går ut på fredag', '我忘记密码了。', '密码：忘了', '密码已过期，请重置', '令牌已过期', '密钥：在前台', '客户端密码周五到期', '비밀번호를 잊어버렸습니다', '비밀번호: 기억나지 않음',
  '토큰이 만료되었습니다', 'Şifremi unuttum', 'şifre: hatırlamıyorum', 'Zapomněl jsem heslo', 'heslo: nevím', 'Забыл пароль', 'пароль: не помню',
  'Токен истёк', 'Ключ на ресепшене', 'Glemt adgangskode', 'Salasana unohtui', 'salasana: en muista', 'Am uitat parola', 'Elfelejtettem a jelszavam',
  'Ξέχασα τον κωδικό μου', 'שכחתי את הסיסמה', 'نسيت كلمة المرور', 'Quên mật khẩu rồi', 'ลืมรหัสผ่าน',
]);

const requests = negativesOf('tickets and requests', [
  'INC7781204', 'INC7781204 / P2 / Network / sw-core-2', 'RITM2210087: second monitor for Mei Lin', 'CHG1004471 approved by CAB on 3 May',
  'Case SR-2032-‹n7›', 'HD#‹n7› reopened by Jens', 'Ticket [LW-‹n7›] – printer offline', 'Please disable João Novak as of 31 May.',
  'Reset MFA for mei.lin@litware.example', 'Which devices does Jens Okafor have?', 'Lock the tablet SN R9WN‹n7›',
  'Wipe DESKTOP-7QK2M1P, owner confirmed by phone', 'Give Mei access to \\\\fs2\\projects\\atlas', 'Add jens.okafor@litware.example to GRP-ERP-RW',
  'Remove the licence O365_BUSINESS_PREMIUM from j.novak', 'Onboarding: Aiko Tanaka, starts 2032-06-01, laptop 14"',
  'Laptop LW-NB-0817, charger 65 W, dock WD19S', 'Asset LW-004417, PO 7700‹n7›', 'Invoice 2032/0417 over 1,250.00 EUR, IBAN is on the letter',
  'IMEI 490154203237518, ICCID 8931086‹n12›', 'MAC 84:a9:3e:0b:5c:17 on port Gi1/0/24', 'BSSID 6c-3b-6b-11-22-33, channel 36',
  'Serial PF3K7QXZ, ThinkPad T14 Gen 5', 'Lenovo MTM 21ML004RGE', 'HP service tag MXL2‹n7›', 'Apple serial H4TX‹n7›',
  'UUID 4C4C4544-0051-4B10-8032-B7C04F584D32', 'Conference ID: ‹n7›#', 'Phone +48 22 555 01 42, ext. 117', 'Tel. 03-5555-0142（内線 117）',
  'Büro C 3.08, Dose 3.08-2', 'LITWARE\\mei', 'mei.lin@litware.example;jens.okafor@litware.example', 'Lin, Mei (ERP) <mei.lin@litware.example>',
  'UPN: mei.lin@litware.example / SAM: mlin', 'aiko.tanaka_fabrikam.example#EXT#@litware.onmicrosoft.com', 'Who opened INC7781204?',
  'Status of my request please', 'Bitte INC7781204 priorisieren', '¿Cuándo se cierra INC7781204?', 'INC7781204 の状況を教えてください',
  'Zamówienie 4711/05/2032, poz. 3',
]);

const answers = negativesOf('what a bot and its admins say', [
  'Mei Lin has two devices: LW-NB-0817 and an iPad.', 'Done: the sessions of Jens Okafor are ended.',
  'I did nothing, because nobody approved it in time. Reference: Q7XM-2PKA', 'Wartet auf Freigabe durch eine zweite Person.', 'Je n’ai rien changé.',
  'No he cambiado nada.', 'Nic nie zmieniłem.', '何も変更していません。', 'Your request is no. 3 in the queue.', 'Kill switch: off. Level: act.',
  'Budget left this month: 31.07 USD', 'Ledger head ‹h64›, 20,118 records', 'Approval card expired at 14:05.',
  'The article “Renew a hardware token” was reviewed on 1 April 2032.', 'Part of your message looked like a password, so I did not read it.',
  'Please take that key out of the chat and have it rotated.', 'Rule four-eyes-wipe refused it: the requester cannot approve.',
  '2 of 2 approvals, decided by aiko.tanaka@litware.example', 'Tokens used for this answer: 2,417 in, 188 out',
  'I know of no secret called erp-sync.', 'Secret names in the vault: erp-sync, mail-relay, sn-oauth',
  'ledger: seal ok, key version 4, digest sha256 ‹h64›',
]);

export const spokenNegatives: readonly Negative[] = [...english, ...german, ...french, ...spanish, ...polish, ...japanese, ...others, ...requests, ...answers];
