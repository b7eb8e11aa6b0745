"""The chain's port: one implementation over web3.py for eth-tester, Anvil, Hardhat and any RPC URL."""

from clients.ports.chain.fees import Fees
from clients.ports.chain.flights import JournalEntry
from clients.ports.chain.link import HOMES, Link, open_link, resolve
from clients.ports.chain.nodes import AnvilNode, DevNode, HardhatNode
from clients.ports.chain.token import Token, setup_members
from clients.ports.chain.web3chain import Web3Chain, Web3Devnet, open_chain

__all__ = [
    "HOMES",
    "AnvilNode",
    "DevNode",
    "Fees",
    "HardhatNode",
    "JournalEntry",
    "Link",
    "Token",
    "Web3Chain",
    "Web3Devnet",
    "open_chain",
    "open_link",
    "resolve",
    "setup_members",
]
