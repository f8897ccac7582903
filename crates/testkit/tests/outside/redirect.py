"""A pytest plugin that leads gspread, whose addresses are constants, to the server named by TESTKIT_GOOGLE.

It also keeps google-auth from asking iamcredentials.googleapis.com where in the world the account may work.
"""

import os
import re

import gspread
from google.auth.credentials import CredentialsWithRegionalAccessBoundary

HOST = re.compile(r"https://(sheets|www)\.googleapis\.com")
ask = gspread.HTTPClient.request


def request(self, method, endpoint, *args, **kwargs):
    return ask(self, method, HOST.sub(os.environ["TESTKIT_GOOGLE"], endpoint), *args, **kwargs)


gspread.HTTPClient.request = request
CredentialsWithRegionalAccessBoundary._is_regional_access_boundary_lookup_required = lambda self: False
