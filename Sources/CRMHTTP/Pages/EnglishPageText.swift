extension PageText {
    static let english = PageText(
        sender: "the sender",
        submit: "Send answer",
        required: "required",
        optional: "optional",
        noAnswer: "No answer",
        unsubscribe: "Stop receiving surveys",
        errorPrefix: "Please check",
        errorSummary: "Your answer is not saved yet. Please check:",
        missing: "Please answer this question.",
        notAnOption: "Please choose one of the options.",
        tooLong: "This text is a little long; please shorten it to at most LIMIT characters.",
        likely: ScaleAnchors(low: "not at all likely", high: "extremely likely"),
        satisfied: ScaleAnchors(low: "very dissatisfied", high: "very satisfied"),
        agree: ScaleAnchors(low: "strongly disagree", high: "strongly agree"),
        thanksHeading: "Thank you",
        recorded: "Your answer has been recorded.",
        changeable: "You can change it until UNTIL.",
        unchangeable: "This answer is final and can no longer be changed.",
        change: "Change the answer",
        confirmUnsubscribe: "Yes, stop sending",
        notices: notice)

    private static func notice(_ kind: NoticePage.Kind) -> Notice {
        switch kind {
        case .unknownLink:
            Notice(
                heading: "We could not find this link",
                body: [
                    "Part of the address may have been lost when it was copied.",
                    "Please open the link again from the message. If that does not help, reply to the message and "
                        + "SENDER will help you.",
                ])
        case .expired:
            Notice(
                heading: "This survey has ended",
                body: [
                    "Thank you for wanting to tell us what you think.",
                    "You still can: reply to the message you received, and it will reach SENDER.",
                ])
        case .closed:
            Notice(
                heading: "This survey is closed",
                body: [
                    "Thank you for wanting to tell us what you think.",
                    "You still can: reply to the message you received, and it will reach SENDER.",
                ])
        case .confirmUnsubscribe:
            Notice(
                heading: "Stop receiving surveys?",
                body: [
                    "Once you confirm, SENDER will no longer send survey invitations to this address.",
                    "If you have changed your mind, just close this page.",
                ])
        case .unsubscribed:
            Notice(
                heading: "Done",
                body: [
                    "You will receive no more survey invitations from SENDER at this address.",
                    "There is nothing else to do; you can close this page.",
                ])
        case .tooManyRequests:
            Notice(
                heading: "Please wait a moment",
                body: [
                    "Many requests arrived in a short time.",
                    "Go back in a minute and try again; what you wrote is usually still there.",
                ])
        case .tryLater:
            Notice(
                heading: "Please try again in a few minutes",
                body: [
                    "The service is briefly unavailable. Your link stays valid.",
                    "If you wrote something, go back: it is usually still there.",
                ])
        case .serverError:
            Notice(
                heading: "Something went wrong on our side",
                body: [
                    "We are sorry. Your link stays valid.",
                    "Please go back and try again. If it happens again, reply to the message you received.",
                ])
        }
    }
}
