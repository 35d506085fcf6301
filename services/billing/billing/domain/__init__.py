"""The rules of money: accounts, fees, holds and top-ups. Standard library and common.kernel only."""
