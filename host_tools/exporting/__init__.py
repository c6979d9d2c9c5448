"""What is handed to others: journals as files, all that a report is made from, the evidence of one incident."""
