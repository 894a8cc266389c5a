"""Answers to the exercises of page 10."""

RIGHT = {}
WRONG = {}


def looks_first(mail, sent, send):
    if mail["key"] in sent:
        return
    send(mail["to"])
    sent.add(mail["key"])


def puts_it_back(mail, sent, send):
    if mail["key"] not in sent:
        sent.add(mail["key"])
        try:
            send(mail["to"])
        except BaseException:
            sent.discard(mail["key"])
            raise


def notes_too_early(mail, sent, send):
    if mail["key"] not in sent:
        sent.add(mail["key"])
        send(mail["to"])


def by_address(mail, sent, send):
    if mail["to"] not in sent:
        send(mail["to"])
        sent.add(mail["to"])


def notes_and_never_looks(mail, sent, send):
    send(mail["to"])
    sent.add(mail["key"])


def looks_and_never_notes(mail, sent, send):
    if mail["key"] not in sent:
        send(mail["to"])


def hides_the_error(mail, sent, send):
    if mail["key"] not in sent:
        try:
            send(mail["to"])
            sent.add(mail["key"])
        except ConnectionError:
            pass


def by_a_set_of_its_own(mail, sent, send):
    sent = set()
    if mail["key"] not in sent:
        send(mail["to"])
        sent.add(mail["key"])


def sends_the_whole_mail(mail, sent, send):
    if mail["key"] not in sent:
        send(mail)
        sent.add(mail["key"])


def marks_the_mail(mail, sent, send):
    if "done" not in mail:
        send(mail["to"])
        mail["done"] = True


REMEMBERED = set()


def remembers_in_its_process(mail, sent, send):
    if mail["key"] not in REMEMBERED:
        send(mail["to"])
        REMEMBERED.add(mail["key"])


def takes_back_one_error_only(mail, sent, send):
    if mail["key"] in sent:
        return
    sent.add(mail["key"])
    try:
        send(mail["to"])
    except ConnectionError:
        sent.discard(mail["key"])
        raise


def clears_the_set(mail, sent, send):
    if mail["key"] not in sent:
        send(mail["to"])
        sent.clear()
        sent.add(mail["key"])


RIGHT["send"] = [looks_first, puts_it_back]
WRONG["send"] = [
    (notes_too_early, "the second did not send the e-mail"),
    (by_address, "another e-mail to alice was not sent"),
    (notes_and_never_looks, "called three times for one e-mail, 3 were sent"),
    (looks_and_never_notes, "3 were sent"),
    (hides_the_error, "send raised ConnectionError, and no exception came out"),
    (by_a_set_of_its_own, "3 were sent"),
    (sends_the_whole_mail, "send was called with {'to': 'alice'"),
    (marks_the_mail, "3 were sent"),
    (remembers_in_its_process, "the key of dave's e-mail was in `sent` from the start"),
    (takes_back_one_error_only, "failed with RuntimeError, and the second did not send"),
    (clears_the_set, "dave's e-mail was in `sent` from the start"),
]

RIGHT["lease"] = [lambda stall: 1.5 * stall, lambda stall: stall * 3 / 2 + 0.01, lambda stall: 1.64 * stall]
WRONG["lease"] = [
    (lambda stall: stall + 1, "hears nothing for 13.67 s"),
    (lambda stall: 15, "<lambda>(4) gives 15 s, and a dead worker's job has to wait"),
    (lambda stall: 2 * stall, "at most 16.5 s"),
    (lambda stall: stall * 4 / 3, "hears nothing for 14.44 s"),
    (lambda stall: 1.5 * stall + 1, "at most 6.6 s"),
    (lambda stall: round(1.5 * stall), "<lambda>(0.5) gives 1 s"),
    (lambda stall: f"{1.5 * stall} s", "a number of seconds"),
    (lambda stall: print(1.5 * stall), "is a return missing?"),
]
