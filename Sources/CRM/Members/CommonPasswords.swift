/// Passwords that everybody who guesses tries, as they are without signs and in lower case.
enum CommonPasswords {
    /// Well known from lists of stolen ones, of the length that is asked for; rows and repetitions are found by rule.
    static let all = Set(listed(texts))

    /// What is no password by itself, whatever digits and signs stand around it.
    static let words = Set(listed(cores))

    private static func listed(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static let cores = """
        admin administrator arsenal asdf ashley autumn azerty barcelona baseball basketball batman business
        changeme charlie chelsea company computer daniel database december default demo dragon eshgh
        esteghlal facebook football freedom friday google guest hello iloveyou instagram internet iran
        january jessica jordan khodaya letmein liverpool login master mehvar michael monday monkey office
        pass passcode passphrase passw password passwort persian perspolis pokemon princess qwerty qwertz
        ramz ramzeobor realmadrid root salam secret server shadow spring starwars summer sunshine superman
        tehran temp test testing trustno user welcome whatever winter استقلال ایران تهران خدا دوستت
        دوستتدارم رمز رمزعبور سلام عشق محور مدیر پرسپولیس پسورد کلمهعبور گذرواژه
        """

    private static let texts = """
        0123456789 1234567890 12345678910 123456789a 123456789q 123456789z 123456789abc 1234567891
        1234567899 12345678900 0987654321 9876543210 1122334455 1029384756 1357924680 2468013579 1234512345
        1231231231 1111111111 0000000000 1a2b3c4d5e 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 1qaz2wsx3edc4rfv
        q1w2e3r4t5 q1w2e3r4t5y6 zaq12wsxcde3 zaq1zaq1zaq1 qwertyuiop qwertyuiop123 qwerty1234 qwerty12345
        qwerty123456 qwerty123456789 qwertyqwerty 123qweasdzxc qweasdzxc123 qweasdzxcv qazwsxedcr
        qazwsxedcrfv asdfghjkl1 asdfghjkl123 asdfasdfasdf zxcvbnm123 zxcvbnmasdfghjkl abcdefghij abcd123456
        abcde12345 abc1234567 abc123456789 abcd1234abcd a123456789 a1234567890 aa123456789 aaa1111111
        asd123456789 password10 password11 password12 password123 password1234 password12345 password123456
        password1password passwordpassword password01 password2020 password2021 password2022 password2023
        password2024 password2025 password2026 mypassword mypassword1 mypassword123 newpassword newpassword1
        thisismypassword nopassword yourpassword passwordis thepassword letmein123 letmein1234 letmeinnow
        letmeinplease welcome123 welcome1234 welcome2024 welcome2025 welcomeback welcomehome administrator
        administrator1 admin12345 admin123456 adminadmin adminpassword rootpassword rootrootroot superadmin
        superadmin1 superuser1 supervisor testtesttest testpassword test123456 test1234567 testing123
        changeme123 changemenow changethis changeit123 defaultpassword temppassword temporary1 guestguest
        demopassword secret1234 secretpassword topsecret1 topsecret123 iloveyou12 iloveyou123 iloveyou1234
        iloveyouso iloveyouforever iloveyoubaby iloveumore loveyou123 lovelovelove ilovemymom ilovemylife
        ilovejesus1 jesuschrist jesusislord jesuslovesme godisgreat1 godisgood1 basketball basketball1
        basketball23 football12 football123 footballer baseball12 baseball123 volleyball volleyball1
        skateboard snowboard1 motocross1 manchester manchester1 manunited1 liverpool1 liverpool123
        barcelona1 barcelona10 realmadrid realmadrid7 cristiano7 cristianoronaldo lionelmessi ronaldinho
        juventus1897 galatasaray galatasaray1905 fenerbahce fenerbahce1907 superman123 spiderman1
        spiderman123 batman12345 starwars123 starwars1977 pokemon123 harrypotter harrypotter1 lordoftherings
        gameofthrones strangerthings michaeljackson michael123 jennifer12 jennifer123 alexander1
        alexander123 christopher christopher1 elizabeth1 victoria123 charlotte1 samantha12 nicholas12
        christian1 princess12 princess123 sunshine12 sunshine123 butterfly1 butterfly123 chocolate1
        chocolate12 strawberry strawberry1 watermelon pineapple1 blueberry1 cheesecake chickenwing
        midnight12 moonlight1 starlight1 rainbow123 sweetheart sweetheart1 babygirl12 babygirl123 bestfriend
        bestfriends friendship friends4ever forever123 foreverlove everything everything1 nothing123
        something1 whatever12 whatever123 trustno1trustno1 correcthorsebatterystaple correcthorse computer12
        computer123 internet123 microsoft1 microsoft123 windows123 playstation playstation2 playstation4
        minecraft1 minecraft123 counterstrike callofduty1 leagueoflegends worldofwarcraft blackberry
        blackberry1 lamborghini ferrari123 mercedesbenz porsche911 volkswagen motorcycle helicopter
        california california1 washington newyork123 losangeles universidad estrellita contrasena
        contrasena1 contraseña123 motdepasse passwort123 passwort1234 wachtwoord1 parola1234 parolamea1
        hello12345 hello123456 hellohello hellokitty hellokitty1 helloworld helloworld1 goodmorning
        dragon1234 dragonball dragonball1 dragonballz monkey1234 shadow1234 master1234 tinkerbell
        tinkerbell1 winniethepooh scoobydoo1 spongebob1 spongebob123 mickeymouse minniemouse peterpan123
        blink182182 metallica1 slipknot666 nirvana123 greenday123 linkinpark linkinpark1 eminem1234
        beyonce123 justinbieber onedirection number1234 myspace123 facebook12 facebook123 instagram1
        instagram123 google1234 youtube123 linkedin123 whatsapp12 telegram12 samsung123 nokia12345
        iran123456 iran1234567 iraniran123 tehran1234 tehran12345 tehran123456 perspolis1 perspolis123
        esteghlal1 esteghlal123 khodaya123 ramzeobor1 mohammad12 mohammad123 mohamad123 mohammadreza
        alireza123 alireza1234 hosein1234 hossein123 mahdi12345 fatemeh123 zahra12345 maryam1234
        ali123456789 ali1234567 reza123456 reza1234567 sara123456 salam12345 salam123456 persian123
        persiangulf khalijefars eshghami12 doostetdaram dooset1234 اااااااااا ایران12345 رمزعبور123
        """
}
