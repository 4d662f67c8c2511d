# /vsiaz/ by connection string, path style.
set -eu
# user's lines
export AZURE_STORAGE_CONNECTION_STRING="DefaultEndpointsProtocol=http;AccountName=acct1;AccountKey=$AZURE_STORAGE_KEY;BlobEndpoint=http://127.0.0.1:10000/acct1;"
export CPL_VSIL_USE_TEMP_FILE_FOR_RANDOM_WRITE=YES  # for formats that seek while writing
gdal_create -of GTiff -outsize 2000 2000 -bands 3 -burn 10 -burn 20 -burn 30 here.tif
gdal_translate -q -of COG here.tif /vsiaz/gdal/there.tif
gdalinfo -checksum /vsiaz/gdal/there.tif
# end of the user's lines
gdalinfo -checksum here.tif | grep Checksum > here.txt
gdalinfo -checksum /vsiaz/gdal/there.tif | grep Checksum > there.txt
cmp here.txt there.txt
gdalinfo /vsiaz/gdal/there.tif > told
grep -q Overviews told
gdal_translate -q -srcwin 700 900 100 50 /vsiaz/gdal/there.tif piece.tif
gdal_translate -q -srcwin 700 900 100 50 here.tif wanted.tif
test "$(gdalinfo -checksum piece.tif | grep Checksum)" = "$(gdalinfo -checksum wanted.tif | grep Checksum)"
gdalinfo --version
