"""main.py - what a Python program does with the client that openapi-python-client makes of web/openapi.yaml.

Type-checked with mypy --strict, then run: BASE_URL and EMAIL come from the environment. Prints the closing balance.
"""
import datetime
import os
import sys
from typing import TypeVar

from purse_client import AuthenticatedClient, Client
from purse_client.api.auth import sign_in, sign_up
from purse_client.api.statements import get_statement
from purse_client.api.transactions import list_transactions, post_batch, post_transaction
from purse_client.api.wallets import open_wallet
from purse_client.models import (
    BatchHold, BatchMode, BatchMovement, BatchMovementKind, BatchResults, Metadata, NewBatch, NewCapture, NewHold,
    NewMovement, NewMovementKind, NewUndo, NewUndoKind, NewWallet, Problem, SignIn, SignUp, Statement, Tokens,
    Transaction, TransactionPage, User, Wallet,
)
from purse_client.types import Response, Unset

T = TypeVar("T")


def expect(kind: type[T], got: object) -> T:
    """The answer as what it must be; a problem document is shown."""
    if isinstance(got, Problem):
        sys.exit(f"{got.status} {got.code}: {got.detail} {[] if isinstance(got.errors, Unset) else got.errors}")
    if not isinstance(got, kind):
        sys.exit(f"{kind.__name__} was expected, not {got!r}")
    return got


def main() -> None:
    base, email, password = os.environ["BASE_URL"], os.environ["EMAIL"], "a long enough phrase"
    nobody = Client(base_url=base)
    user = expect(User, sign_up.sync(client=nobody, body=SignUp(email=email, password=password, name="Ada")))
    tokens = expect(Tokens, sign_in.sync(client=nobody, body=SignIn(email=email, password=password)))
    client = AuthenticatedClient(base_url=base, token=tokens.access_token)

    wallet = expect(Wallet, open_wallet.sync(client=client, body=NewWallet(currency="EUR", name="Everyday")))
    assert wallet.owner_id == user.id

    def post(body: NewMovement | NewHold | NewCapture | NewUndo, key: str) -> Transaction:
        return expect(Transaction, post_transaction.sync(client=client, body=body, idempotency_key=key))

    deposit = post(NewMovement(kind=NewMovementKind.DEPOSIT, amount=10000, wallet_id=wallet.id), "deposit-1")
    assert deposit.balance_after == 10000
    bought = NewMovement(
        kind=NewMovementKind.PURCHASE, amount=2500, merchant="Corner Shop", metadata=Metadata.from_dict({"till": 3})
    )
    purchase = post(bought, "order-4711")
    again: Response[Problem | Transaction] = post_transaction.sync_detailed(
        client=client, body=bought, idempotency_key="order-4711"
    )
    assert again.headers["Idempotent-Replayed"] == "true"
    assert expect(Transaction, again.parsed).id == purchase.id

    hold = post(NewHold(kind="hold", amount=5000), "hold-1")
    assert isinstance(hold.expires_at, datetime.datetime)
    post(NewCapture(kind="capture", reference_id=hold.id, amount=2000, final=False), "capture-1")
    post(NewCapture(kind="capture", reference_id=hold.id), "capture-2")
    undo = post(NewUndo(kind=NewUndoKind.CANCELLATION, reference_id=purchase.id), "undo-1")
    assert undo.balance_after == 5000

    batch = NewBatch(mode=BatchMode.ATOMIC, transactions=[
        BatchMovement(kind=BatchMovementKind.DEPOSIT, amount=700, idempotency_key="batch-1"),
        BatchHold(kind="hold", amount=100),
    ])
    results = expect(BatchResults, post_batch.sync(client=client, body=batch))
    last = expect(Transaction, results.results[1].transaction)

    page = expect(TransactionPage, list_transactions.sync(client=client, wallet_id=wallet.id))
    assert len(page.data) == last.version
    today = datetime.datetime.now(datetime.timezone.utc).date()
    statement = expect(
        Statement, get_statement.sync(client=client, wallet_id=wallet.id, from_=today, to=today, min_version=last.version)
    )
    assert statement.version == last.version and len(statement.lines) == last.version
    assert statement.opening_balance + sum(line.amount for line in statement.lines) == statement.closing_balance
    print(statement.closing_balance)


main()
