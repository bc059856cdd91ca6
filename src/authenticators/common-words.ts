/**
 * What people choose when they must choose something: words, names, keyboard walks and phrases that head every list of
 * common passwords, written down from general knowledge and not taken from anyone's data.
 * Longest first, so that `mypassword` is found before `pass`.
 */
export const commonWords: readonly string[] = `
thequickbrownfoxjumpsoverthelazydog supercalifragilisticexpialidocious correcthorsebatterystaple
loremipsumdolorsitamet maytheforcebewithyou jumpsoverthelazydog changethispassword iforgotmypassword
thequickbrownfox thisismypassword thisisapassword ihatepasswords inthebeginning merrychristmas pleasechangeme
winteriscoming administrator happybirthday ilovemyfamily letmeinplease notmypassword onceuponatime thisisasecret
tobeornottobe youareawesome mypasswordis thispassword yourpassword abracadabra deutschland goodmorning
harrypotter jesuschrist newpassword oldpassword openthedoor supersecret basketball bienvenido california
helloworld iamthebest ilovemydog ilovemymom itsasecret loremipsum maximilian mypassword nopassword opensesame
passphrase realmadrid strawberry willkommen alexander barcelona bismillah butterfly charlotte chocolate
francisco goodnight hockeymom idontknow instagram liverpool microsoft minecraft primavera september something
spiderman topsecret wednesday babygirl baseball business changeme computer corvette december facebook february
football fortnite fussball garfield heyhello hogwarts iloveyou internet invierno isabella jennifer juventus
latchkey mercedes michelle mohammed november password passwort princess samantha saturday security simpsons
starwars steelers sunshine superman thankyou thursday whatever account america android anthony antonio arsenal
asshole blessed brother charlie chelsea chicago company cookies cowboys crystal default diamond dolphin england
ferrari flowers forever freedom friends fuckoff fuckyou gandalf germany hundred iforgot january jessica letmein
liberty loveyou manager matthew michael mustang mystery netflix network newyork nothing october panther phoenix
pikachu pokemon porsche private pumpkin rainbow rangers samsung service testing trustno tuesday twitter vanilla
welcome windows yankees access amanda amazon andrew angels asdfgh ashley august autumn azerty bailey banana
batman berlin boston brasil canada carlos change cheese cherry christ coffee cookie daniel disney doggie dollar
dragon falcon family father fatima flower france friday friend futbol ginger golden google hannah harley heaven
hobbit hockey hunter iphone jordan joshua justin killer kitten lakers london madrid master matrix mexico mickey
monday monkey mother naruto nicole number office oliver olivia orange passwd pepper please prince purple qazwsx
qweasd qwerty qwertz ranger robert roblox secret server sesame shadow signin silver sister snoopy soccer sommer
sophia sophie spring summer sunday sunset system tester thanks thomas toyota turtle verano winter wsxedc yamaha
yellow zxcvbn admin ahmed allah angel apple april bible bitch black buddy eagle eight frodo frueh green guest
hallo happy hello horse ilove jesus kitty latch letme linux login lover lucas lucky magic march maria money
paris power puppy seven shark sorry spain texas three tiger white abcd asdf baby bear blue demo emma five four
fuck hola jose july june lion love nine open pass pink root sexy shit test that this user wolf zero zxcv abc ali
and asd for god key may one qwe red six ten the two xyz you zxc is my
`
  .trim()
  .split(/\s+/);
