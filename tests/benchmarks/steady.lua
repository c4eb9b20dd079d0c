-- A steady load: each connection asks a second time when the answer to the first is there and
-- some milliseconds have gone by. With 16 connections that makes about 1,000 requests/s.
function delay()
   return 16
end
