"""urllib3 1.26 and 2, and so requests, botocore (boto3) and all that is built on them."""
